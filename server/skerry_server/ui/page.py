"""All pages of the dashboard, put on their addresses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import FastAPI, Path, Request
from nicegui import ui
from starlette.responses import Response

from skerry_edge.contracts.topics import NAME_PATTERN
from skerry_server.api.context import Context
from skerry_server.auth.visitors import Visitor, visitor_of
from skerry_server.ui.faults import add_faults
from skerry_server.ui.frame import Page, open_page
from skerry_server.ui.pages.alerts import AlertsPage
from skerry_server.ui.pages.audit import AuditPage
from skerry_server.ui.pages.dead_letters import DeadLettersPage
from skerry_server.ui.pages.device import DevicePage
from skerry_server.ui.pages.devices import DevicesPage
from skerry_server.ui.pages.events import EventsPage
from skerry_server.ui.pages.groups import GroupsPage
from skerry_server.ui.pages.models import ModelsPage
from skerry_server.ui.pages.overview import OverviewPage
from skerry_server.ui.pages.people import PeoplePage
from skerry_server.ui.pulse import Pulse, read_pulse
from skerry_server.ui.readings import Readings
from skerry_server.ui.shared import Shared
from skerry_server.ui.templating import asset

PULSE_S = 0.8


Kind = Callable[[Context, Visitor, Mapping[str, str]], Page]
"""Makes a page for whoever asks, with what its address asks for."""
_KINDS: dict[str, Kind] = {
    DevicesPage.here: DevicesPage,
    EventsPage.here: EventsPage,
    ModelsPage.here: ModelsPage,
    AlertsPage.here: AlertsPage,
    GroupsPage.here: GroupsPage,
    DeadLettersPage.here: DeadLettersPage,
    AuditPage.here: AuditPage,
    PeoplePage.here: PeoplePage,
}


def add_dashboard(api: FastAPI, context: Context) -> None:
    """Put the dashboard on ``/`` of ``api`` and below, with its own pages for what goes wrong."""
    pulses = Shared(lambda sites: read_pulse(context.database, context.health, sites), every_s=PULSE_S)
    readings = Readings(context.database, context.health)

    @ui.page("/")
    async def overview(request: Request) -> Response | None:
        return await open_page(OverviewPage(context, visitor_of(request), readings), pulses, request)

    @ui.page("/devices/{name}")
    async def device(request: Request, name: Annotated[str, Path(pattern=NAME_PATTERN)]) -> Response | None:
        page = DevicePage(context, visitor_of(request), name, dict(request.query_params))
        return await open_page(page, pulses, request)

    for path, kind in _KINDS.items():
        _add(path, kind, context, pulses)
    add_faults()
    ui.run_with(
        api,
        favicon=asset("mark.svg").replace("currentColor", "#0b6e75"),
        dark=None,
        language="en-US",
        tailwind=False,
        show_welcome_message=False,
    )


def _add(path: str, kind: Kind, context: Context, pulses: Shared[Pulse]) -> None:
    @ui.page(path)
    async def page(request: Request) -> Response | None:
        return await open_page(kind(context, visitor_of(request), dict(request.query_params)), pulses, request)

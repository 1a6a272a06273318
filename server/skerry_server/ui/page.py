"""The dashboard's page: devices, newest events, and how the server itself is; it changes by itself."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import Annotated

from fastapi import FastAPI, Path
from nicegui import ui

from skerry_edge.contracts.topics import NAME_PATTERN
from skerry_server.health import now_ms
from skerry_server.registry.database import Database
from skerry_server.ui.device_page import REFRESH_S as DEVICE_REFRESH_S
from skerry_server.ui.device_page import DeviceView
from skerry_server.ui.header import Header
from skerry_server.ui.overview import Overview, Overviews
from skerry_server.ui.picture import NewestPicture
from skerry_server.ui.rows import NOTHING, device_rows, event_rows

REFRESH_S = 0.5
DEVICES_A_PAGE = 25
EVENTS_A_PAGE = 20
_DEVICE_COLUMNS = {
    "state": "State",
    "device": "Device",
    "model": "Model",
    "temperature": "Temperature",
    "seen": "Last seen",
}
_EVENT_COLUMNS = {"time": "Time", "label": "Event", "score": "Score", "device": "Device", "latency": "Latency"}
_NO_DEVICES = """
<strong>No device has been heard yet</strong>
Start an agent with <code>skerry agent run --config agent.toml</code><br>and point its <code>mqtt.url</code> at
<code>{broker}</code>. It appears here by itself.
"""
_NO_EVENTS = "<strong>No events yet</strong>What devices see and hear appears here within a second."
# Before the page is shown, so that a choice of colours made earlier does not flash.
_REMEMBERED_COLOURS = """
const dark = localStorage.getItem('skerry-dark');
if (dark !== null) Quasar.Dark.set(dark === 'true');
"""


def add_dashboard(api: FastAPI, overviews: Overviews, database: Database, *, broker: str) -> None:
    """Put the dashboard on ``/`` of ``api``, and a page for each device below ``/devices``.

    ``broker`` is the address that its empty state names.
    """

    @ui.page("/", title="Skerry")
    async def page() -> None:
        dashboard = Dashboard(broker=broker)

        async def refresh() -> None:
            dashboard.show(await overviews.newest())

        await refresh()
        ui.timer(REFRESH_S, refresh)
        ui.run_javascript(_REMEMBERED_COLOURS)

    @ui.page("/devices/{name}", title="Skerry")
    async def device_page(name: Annotated[str, Path(pattern=NAME_PATTERN)]) -> None:
        ui.add_css(asset("dashboard.css"))
        header = Header(asset("mark.svg"))
        view = DeviceView(database, name)

        async def refresh() -> None:
            header.show(await overviews.newest())
            await view.refresh()

        await refresh()
        ui.timer(DEVICE_REFRESH_S, refresh)
        ui.run_javascript(_REMEMBERED_COLOURS)

    ui.run_with(
        api,
        favicon=asset("mark.svg").replace("currentColor", "#0b6e75"),
        dark=None,
        tailwind=False,
        show_welcome_message=False,
    )


def asset(name: str) -> str:
    """Return a file of this package as text."""
    return (files("skerry_server.ui") / "static" / name).read_text("utf-8")


class Dashboard:
    """The elements of one open page."""

    def __init__(self, *, broker: str) -> None:
        ui.add_css(asset("dashboard.css"))
        self._header = Header(asset("mark.svg"))
        with ui.element("main").classes("sk-page"):
            self._tiles = _tiles("Online", "Degraded", "Offline", "Events in the last hour")
            with ui.element("div").classes("sk-columns"):
                with ui.element("div").classes("sk-column"):
                    self._picture = NewestPicture()
                    with ui.element("section").classes("sk-panel").props('aria-label="Devices"'):
                        ui.html("<h2>Devices</h2>", sanitize=False)
                        self._no_devices = _empty(_NO_DEVICES.format(broker=escape(broker)))
                        self._devices = _table("devices", _DEVICE_COLUMNS, "device_row.html", DEVICES_A_PAGE)
                with ui.element("section").classes("sk-panel").props('aria-label="Newest events"'):
                    ui.html("<h2>Newest events</h2>", sanitize=False)
                    self._no_events = _empty(_NO_EVENTS)
                    self._events = _table("events", _EVENT_COLUMNS, "event_row.html", EVENTS_A_PAGE)

    def show(self, overview: Overview) -> None:
        """Bring the page up to ``overview``; only what differs is sent to the browser."""
        self._header.show(overview)
        presences = [one.presence for one in overview.devices]
        counts = [presences.count("online"), presences.count("degraded"), presences.count("offline")]
        for tile, value in zip(self._tiles, [*counts, overview.events_last_hour], strict=True):
            tile.set_text(f"{value:,}")
        for tile, colour, value in zip(self._tiles, ("is-good", "is-warn", "is-bad"), counts, strict=False):
            tile.classes(add=colour if value else "", remove="" if value else colour)
        self._picture.show(overview.events)
        _fill(self._devices, self._no_devices, device_rows(overview.devices, now_ms=now_ms()))
        sessions = {one.device: one.session for one in overview.devices}
        _fill(self._events, self._no_events, event_rows(overview.events, sessions=sessions))


def _tiles(*names: str) -> list[ui.label]:
    values = []
    with ui.element("div").classes("sk-tiles"):
        for name in names:
            with ui.element("div").classes("sk-tile"):
                ui.label(name).classes("sk-tile-name")
                values.append(ui.label(NOTHING).classes("sk-tile-value").props(f'data-tile="{name}"'))
    return values


def _table(name: str, columns: dict[str, str], row: str, rows_a_page: int) -> ui.table:
    listed = [{"name": key, "label": title, "field": key, "align": "left"} for key, title in columns.items()]
    table = ui.table(rows=[], columns=listed, row_key="id", pagination=rows_a_page).classes("sk-table")
    table.props(f'flat data-table="{name}"')
    table.add_slot("body", asset(row))
    return table


def _empty(text: str) -> ui.html:
    return ui.html(text, sanitize=False).classes("sk-empty")


def _fill(table: ui.table, empty: ui.html, rows: list[dict[str, str | int | bool]]) -> None:
    if table.rows != rows:
        table.rows = rows
    table.props["hide-bottom"] = len(rows) <= table.pagination["rowsPerPage"]
    table.set_visibility(bool(rows))
    empty.set_visibility(not rows)

"""The page of one device: what its newest heartbeat says; it changes by itself."""

from __future__ import annotations

import asyncio
from html import escape

from nicegui import ui

from skerry_edge.contracts.codec import decode
from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.messages import Heartbeat
from skerry_edge.foundation.errors import SkerryError
from skerry_server.api.read import device_out
from skerry_server.api.schemas import DeviceOut
from skerry_server.health import now_ms
from skerry_server.registry.database import Database
from skerry_server.registry.devices import list_devices, newest_heartbeat
from skerry_server.ui.vitals import Group, device_groups

REFRESH_S = 2.0


def read_device(database: Database, name: str) -> tuple[DeviceOut, Heartbeat | None] | None:
    """Return a device with its newest heartbeat; None where no such device was ever heard. Raises RegistryError.

    A heartbeat that this version's contract does not allow was kept by another version, and is as good as none.
    """
    with database.reading() as session:
        rows = list_devices(session, device=name)
        if not rows:
            return None
        payload = newest_heartbeat(session, name)
        device = device_out(*rows[0])
    try:
        message = None if payload is None else decode("heartbeat", payload)
    except WireError:
        message = None
    return device, message if isinstance(message, Heartbeat) else None


def groups_html(groups: list[Group]) -> str:
    """Return the groups as panels; whatever a device says is shown as text."""
    return "".join(
        f'<section class="sk-panel"><h2>{escape(group.title)}</h2><dl class="sk-facts">'
        + "".join(
            f'<div><dt>{escape(one.name)}</dt><dd class="is-{one.tone}">{escape(one.text)}</dd></div>'
            for one in group.facts
        )
        + "</dl></section>"
        for group in groups
    )


class DeviceView:
    """The elements of one open page."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        with ui.element("main").classes("sk-page"):
            ui.html('<a class="sk-link" href="/">All devices</a>', sanitize=False)
            self._title = ui.html("", sanitize=False).classes("sk-device-title")
            self._panels = ui.html("", sanitize=False).classes("sk-groups")

    async def refresh(self) -> None:
        """Bring the page up to what is known now; only what differs is sent to the browser."""
        try:
            found = await asyncio.to_thread(read_device, self._database, self._name)
        except SkerryError:
            return  # the header says that the registry is away; what was read last is still the best that is known
        if found is None:
            self._title.set_content(f"<h1>{escape(self._name)}</h1><p>No device of this name was ever heard.</p>")
            return
        device, heartbeat = found
        place = " · ".join(part for part in (device.site, device.board) if part)
        self._title.set_content(f"<h1>{escape(device.device)}</h1><p>{escape(place)}</p>")
        self._panels.set_content(groups_html(device_groups(device, heartbeat, now_ms=now_ms())))

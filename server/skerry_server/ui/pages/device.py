"""The page of one device: one of several views of it, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping

from skerry_server.api.context import Context, visible_device
from skerry_server.api.read import device_out
from skerry_server.auth.visitors import Visitor
from skerry_server.errors import NotFoundError
from skerry_server.health import now_ms
from skerry_server.registry.alerts import AlertSearch, list_alerts
from skerry_server.registry.checks import check_choice
from skerry_server.registry.devices import list_devices
from skerry_server.registry.fleet.changes import tags_of
from skerry_server.registry.fleet.groups import groups_of
from skerry_server.ui.device_acts import DeviceActs
from skerry_server.ui.device_updates import updates_view
from skerry_server.ui.device_views import READERS
from skerry_server.ui.frame import Page
from skerry_server.ui.templating import render
from skerry_server.ui.views.alerts import open_lines

NOW_S = 1.0
SHOWN_ALERTS = 20
HISTORY_S = 15.0
"""Long ranges cost the store some effort, and change slowly."""
VIEWS = {
    "now": "Now",
    "history": "History",
    "events": "Events",
    "configuration": "Configuration",
    "updates": "Updates",
    "commands": "Commands and logs",
    "presence": "Presence",
}


class DevicePage(Page):
    """One device."""

    title = "Device"
    here = "/devices"

    def __init__(self, context: Context, visitor: Visitor, name: str, query: Mapping[str, str]) -> None:
        super().__init__(context, visitor)
        self._name = name
        self._query = query
        self.refresh_s = HISTORY_S if query.get("view") == "history" else NOW_S
        self._acts = DeviceActs(context, visitor, self.changes, name)

    @property
    def heading(self) -> str:
        """The device's name."""
        return self._name

    def read(self) -> Mapping[str, str]:
        """Return the head, and the view that the address asks for."""
        view = check_choice(self._query.get("view", "now"), VIEWS, where="view")
        head = self._head(view)
        if view == "updates":
            return {"head": head, view: updates_view(self.context, self.visitor, self._name, self._query)}
        return {"head": head, view: READERS[view](self.context, self._name, self._query)}

    async def act(self, act: str, of: str, picked: list[str]) -> None:
        """Change something about the device."""
        del of, picked
        if self.may_operate:
            await self._acts.act(act)

    def _head(self, view: str) -> str:
        with self.context.database.reading() as session:
            try:
                row = visible_device(session, self.visitor, self._name)
            except NotFoundError as error:
                raise NotFoundError("No device of this name was ever heard", found=self._name) from error
            device = device_out(*list_devices(session, device=self._name)[0])
            tags, groups = tags_of(session, self._name), groups_of(session, self._name)
            lasting = list_alerts(session, AlertSearch(device=self._name, is_open=True, limit=SHOWN_ALERTS))
        place = " · ".join(part for part in (row.name, device.site, device.board) if part)
        return render(
            "device_head.html",
            name=self._name,
            presence=device.presence,
            place=place,
            tags=tags,
            groups=groups,
            note=row.note,
            alerts=open_lines(lasting, at_ms=now_ms()),
            is_out=row.decommissioned_ms is not None,
            may_operate=self.may_operate,
            views=VIEWS,
            chosen=view,
        )

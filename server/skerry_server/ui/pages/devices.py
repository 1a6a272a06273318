"""The device list: filtered, page by page whatever the fleet's size, with acts on those ticked or all found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from skerry_edge.foundation.errors import ConfigError
from skerry_server.api.context import Context
from skerry_server.api.read import device_out
from skerry_server.auth.visitors import Visitor
from skerry_server.health import now_ms
from skerry_server.registry.fleet.distribution import count_by
from skerry_server.registry.fleet.groups import list_groups
from skerry_server.registry.fleet.listing import count_found, find_devices, find_ids
from skerry_server.ui.bulk import MAX_DEVICES, act_on
from skerry_server.ui.frame import Page
from skerry_server.ui.rows import device_row
from skerry_server.ui.templating import render
from skerry_server.ui.threads import PAGES
from skerry_server.ui.views.device_filter import KEYS, STATES, address, device_search

ALL_FOUND = "*"
"""Stands among the ticked for all that the filter finds, on whatever page; no device has this name."""


class DevicesPage(Page):
    """All devices that a filter finds."""

    title = "Devices"
    here = "/devices"
    refresh_s = 2.0

    def __init__(self, context: Context, visitor: Visitor, query: Mapping[str, str]) -> None:
        super().__init__(context, visitor)
        self._query = query
        self._total: int | None = None
        self._filter: str | None = None

    def read(self) -> Mapping[str, str]:
        """Return the filter, which stays as it is, and the list."""
        if self._filter is None:
            self._filter = self._read_filter()
        return {"filter": self._filter, "list": self._read_list()}

    async def act(self, act: str, of: str, picked: list[str]) -> None:
        """Do something with the devices that are ticked, or with all that the filter finds."""
        del of
        devices = await PAGES.run(self._all_found) if ALL_FOUND in picked else picked
        await act_on(act, self.changes, self.visitor, devices)

    def _all_found(self) -> list[str]:
        wanted = device_search(self._query, sites=self.visitor.principal.sites)
        with self.context.database.reading() as session:
            found = find_ids(session, replace(wanted, after_id=None), limit=MAX_DEVICES + 1)
        if len(found) > MAX_DEVICES:
            raise ConfigError(f"more than {MAX_DEVICES:,} devices are found", todo="narrow the filter")
        return found

    def _read_filter(self) -> str:
        sites = self.visitor.principal.sites
        query = {key: self._query.get(key, "") for key in KEYS}
        with self.context.database.reading() as session:
            return render(
                "devices_filter.html",
                query=query,
                is_filtered=any(query.values()),
                states=STATES,
                sites=sorted(count_by(session, "site", sites=sites)),
                groups=[row.name for row, _ in list_groups(session, sites=sites)],
                versions=sorted(count_by(session, "agent_version", sites=sites)),
                boards=sorted(count_by(session, "board", sites=sites)),
            )

    def _read_list(self) -> str:
        wanted = device_search(self._query, sites=self.visitor.principal.sites)
        with self.context.database.reading() as session:
            found = find_devices(session, wanted)
            if self._total is None:
                # Counting all costs more than a page: once is enough.
                self._total = count_found(session, wanted)
        last = found.devices[-1][0].id if found.has_more else None
        return render(
            "devices.html",
            rows=[device_row(device_out(*one), now_ms=now_ms()) for one in found.devices],
            total=self._total,
            may_operate=self.may_operate,
            is_first=wanted.after_id is None,
            first=address(self._query),
            next=None if last is None else address(self._query, after=last),
        )

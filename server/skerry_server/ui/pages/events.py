"""The live feed: what devices see, hear and report, newest first, and back in time page by page."""

from __future__ import annotations

from collections.abc import Mapping

from skerry_server.api.context import Context
from skerry_server.api.read import read_events
from skerry_server.auth.visitors import Visitor
from skerry_server.registry.devices import sessions_of
from skerry_server.ui.frame import Page
from skerry_server.ui.rows import event_rows
from skerry_server.ui.templating import render
from skerry_server.ui.views.event_filter import KEYS, KINDS, ROWS_A_PAGE, address, event_search


class EventsPage(Page):
    """All events that a filter finds."""

    title = "Events"
    here = "/events"
    refresh_s = 0.4

    def __init__(self, context: Context, visitor: Visitor, query: Mapping[str, str]) -> None:
        super().__init__(context, visitor)
        self._query = query

    def read(self) -> Mapping[str, str]:
        """Return the filter, which stays as it is, and the list."""
        query = {key: self._query.get(key, "") for key in KEYS}
        search_form = render("events_filter.html", query=query, kinds=KINDS, is_filtered=any(query.values()))
        wanted = event_search(self._query, sites=self.visitor.principal.sites)
        with self.context.database.reading() as session:
            found = read_events(session, wanted)
            events = found[:ROWS_A_PAGE]
            sessions = sessions_of(session, {one.device for one in events})
        following = address(self._query, before=events[-1].id) if len(found) > ROWS_A_PAGE else None
        content = render(
            "events.html",
            rows=event_rows(events, sessions=sessions),
            is_first=wanted.before_id is None,
            first=address(self._query),
            next=following,
        )
        return {"filter": search_form, "list": content}

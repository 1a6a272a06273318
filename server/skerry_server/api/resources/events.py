"""Events: searched, newest arrival first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from skerry_server.api.context import Asking, Context, cut
from skerry_server.api.queries import EventQuery
from skerry_server.api.read import read_events
from skerry_server.api.schemas import EventsOut


def add_events(router: APIRouter, context: Context) -> None:
    """Add the route of events."""

    @router.get("/events")
    def events(query: Annotated[EventQuery, Query()], visitor: Asking) -> EventsOut:
        """Events, newest arrival first; ``since_ms`` and ``until_ms`` bound when they happened."""
        with context.database.reading() as session:
            rows = read_events(session, query.search(visitor.principal.sites))
        page, last = cut(rows, query.limit)
        return EventsOut(events=list(page), next=str(last.id) if last else None)

"""Events in the registry: kept once, searched, and read page by page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from skerry_edge.contracts.messages import Event, Sight
from skerry_edge.contracts.topics import Topic
from skerry_server.registry.database import insert_new
from skerry_server.registry.models import EventRow, table_of
from skerry_server.registry.text import storable

MAX_PAGE = 500
BEGINNINGS = ("instant", "begin")
"""Phases of events that tell of something new."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EventSearch:
    """Which events are wanted, newest arrival first; an empty field asks for nothing.

    ``sites`` are those that whoever asks may see. ``since_ms`` and ``until_ms`` bound when it happened, ``until_ms``
    exclusive; ``before_id`` continues a page. With ``newest_of_track``, of the events of one object only the newest
    is wanted.
    """

    device: str | None = None
    site: str | None = None
    sites: frozenset[str] | None = None
    kind: str | None = None
    label: str | None = None
    track: str | None = None
    newest_of_track: bool = False
    since_ms: int | None = None
    until_ms: int | None = None
    before_id: int | None = None
    limit: int = 50


def add_events(session: Session, events: Iterable[tuple[Topic, Event, int]]) -> int:
    """Keep each (topic, event, received_ms) whose device, session and seq are new; return how many were."""
    rows = [_row(topic, event, received_ms) for topic, event, received_ms in events]
    return insert_new(session, table_of(EventRow), rows)


def kept_id(session: Session, topic: Topic, event: Event) -> str | None:
    """Return the message id of the event that is kept under this one's device, session and seq."""
    query = select(EventRow.message_id).where(
        EventRow.device == topic.device, EventRow.session == event.session, EventRow.seq == event.seq
    )
    return session.scalar(query)


def search(session: Session, wanted: EventSearch) -> list[EventRow]:
    """Return at most ``wanted.limit`` events, newest arrival first."""
    query = select(EventRow).order_by(EventRow.id.desc()).limit(wanted.limit)
    for column, value in (
        (EventRow.device, wanted.device),
        (EventRow.site, wanted.site),
        (EventRow.kind, wanted.kind),
        (EventRow.label, wanted.label),
        (EventRow.track, wanted.track),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.sites is not None:
        query = query.where(EventRow.site.in_(wanted.sites))
    if wanted.newest_of_track:
        later = aliased(EventRow)
        of_same = (later.device == EventRow.device, later.track == EventRow.track, later.id > EventRow.id)
        query = query.where(EventRow.track.is_(None) | ~exists().where(*of_same))
    if wanted.since_ms is not None:
        query = query.where(EventRow.ts_ms >= wanted.since_ms)
    if wanted.until_ms is not None:
        query = query.where(EventRow.ts_ms < wanted.until_ms)
    if wanted.before_id is not None:
        query = query.where(EventRow.id < wanted.before_id)
    return list(session.scalars(query))


def count_events(session: Session) -> list[tuple[str, str, int]]:
    """Return (kind, label, number) of all that happened, ordered by kind and label; an object counts once."""
    query = select(EventRow.kind, EventRow.label, func.count()).where(EventRow.phase.in_(BEGINNINGS))
    rows = session.execute(query.group_by(EventRow.kind, EventRow.label).order_by(EventRow.kind, EventRow.label))
    return [(row[0], row[1], row[2]) for row in rows]


def count_events_since(session: Session, received_ms: int, *, sites: frozenset[str] | None = None) -> int:
    """Return how much happened that arrived at or after ``received_ms``; an object that lasts counts once.

    ``sites`` of None are all.
    """
    query = select(func.count()).select_from(EventRow).where(EventRow.received_ms >= received_ms)
    if sites is not None:
        query = query.where(EventRow.site.in_(sites))
    return session.scalar(query.where(EventRow.phase.in_(BEGINNINGS))) or 0


def _row(topic: Topic, event: Event, received_ms: int) -> dict[str, Any]:
    return {
        "message_id": event.id,
        "device": topic.device,
        "site": topic.site,
        "session": event.session,
        "seq": event.seq,
        "ts_ms": event.ts,
        "received_ms": received_ms,
        "is_synced": event.clock == "synced",
        "replayed": event.replayed,
        "kind": event.kind,
        "label": storable(event.label),
        "pipeline": storable(event.pipeline),
        "phase": event.phase,
        "score": event.score,
        "box": list(event.box) if event.box else None,
        "model": storable(event.model),
        "model_version": storable(event.model_version),
        "latency_ms": event.latency_ms,
        "message": storable(event.message),
        "track": storable(event.track),
        "began_ms": event.began,
        "zones": [storable(zone) for zone in event.zones] or None,
        "before": _sight(event.before) if event.before is not None else None,
    }


def _sight(sight: Sight) -> dict[str, Any]:
    return {"score": sight.score, "box": list(sight.box), "zones": [storable(zone) for zone in sight.zones]}

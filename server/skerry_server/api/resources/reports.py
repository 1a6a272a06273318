"""What one device reported: newest heartbeat, applied state, presence over time, pictures."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from skerry_edge.contracts.topics import ID_PATTERN
from skerry_server.api.context import Asking, Context, DeviceName, Responses, answers, visible_device
from skerry_server.api.queries import MAX_UNIX_MS
from skerry_server.api.resources.devices import NO_DEVICE
from skerry_server.errors import NotFoundError
from skerry_server.registry.devices import newest_heartbeat
from skerry_server.registry.events import MAX_PAGE
from skerry_server.registry.models import ReportRow
from skerry_server.registry.presence_history import intervals_of
from skerry_server.registry.snapshots import read_snapshot

UnixMs = Annotated[int, Query(ge=0, le=MAX_UNIX_MS)]
_SNAPSHOT_HEADERS = {
    "cache-control": "private, max-age=86400, immutable",
    # The bytes come from a device: no browser is to make anything of them but a picture.
    "content-security-policy": "default-src 'none'; sandbox",
}
_JPEG: Responses = {200: {"content": {"image/jpeg": {}}}}
_ANY_JSON: Responses = {200: {"content": {"application/json": {"schema": {"type": "object"}}}}}


class PresenceOut(BaseModel):
    """How long a device was what; without ``ended_ms`` it is so now."""

    presence: str
    reason: str | None
    session: str
    began_ms: int
    ended_ms: int | None


class PresenceHistoryOut(BaseModel):
    """Intervals without gap, newest first; ``next`` is the `until_ms` of the following page, if there is one."""

    intervals: list[PresenceOut]
    next: int | None


class StateOut(BaseModel):
    """The state that a device reported last, as it came."""

    device: str
    received_ms: int
    state: dict[str, Any] = Field(description="`State` of the contract: applied version, models, slots, counts.")


def add_reports(router: APIRouter, context: Context) -> None:
    """Add the routes of what devices report."""
    _add_newest(router, context)

    @router.get("/devices/{device}/presence", responses=NO_DEVICE)
    def presence(
        device: DeviceName,
        visitor: Asking,
        since_ms: UnixMs = 0,
        until_ms: UnixMs = MAX_UNIX_MS,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    ) -> PresenceHistoryOut:
        """Since when a device was there, or not, and why; by the server's clock."""
        with context.database.reading() as session:
            visible_device(session, visitor, device)
            rows = intervals_of(session, device, since_ms=since_ms, until_ms=until_ms, limit=limit + 1)
            shown = [
                PresenceOut(
                    presence=row.state,
                    reason=row.reason,
                    session=row.session,
                    began_ms=row.began_ms,
                    ended_ms=row.ended_ms,
                )
                for row in rows[:limit]
            ]
        return PresenceHistoryOut(intervals=shown, next=shown[-1].began_ms if len(rows) > limit else None)

    @router.get(
        "/devices/{device}/snapshots/{event}",
        response_class=Response,
        responses=_JPEG | answers(_404="No such snapshot is kept."),
    )
    def snapshot(device: DeviceName, event: Annotated[str, Path(pattern=ID_PATTERN)], visitor: Asking) -> Response:
        """Picture of one event; of each device the newest are kept."""
        with context.database.reading() as session:
            visible_device(session, visitor, device)
            jpeg = read_snapshot(session, device, event)
        if jpeg is None:
            raise NotFoundError(f"no snapshot of the event '{event}' of '{device}' is kept")
        return Response(jpeg, media_type="image/jpeg", headers=_SNAPSHOT_HEADERS)


def _add_newest(router: APIRouter, context: Context) -> None:
    @router.get(
        "/devices/{device}/heartbeat",
        response_class=Response,
        responses=_ANY_JSON | answers(_404="It sent none yet."),
    )
    def heartbeat(device: DeviceName, visitor: Asking) -> Response:
        """Newest heartbeat of one device, as it came."""
        with context.database.reading() as session:
            visible_device(session, visitor, device)
            payload = newest_heartbeat(session, device)
        if payload is None:
            raise NotFoundError(f"no heartbeat of the device '{device}' is known")
        return Response(payload, media_type="application/json")

    @router.get("/devices/{device}/state", responses=answers(_404="It sent none yet."))
    def state(device: DeviceName, visitor: Asking) -> StateOut:
        """Newest state of one device: what it has applied."""
        with context.database.reading() as session:
            visible_device(session, visitor, device)
            row = _newest_state(session, device)
        if row is None:
            raise NotFoundError(f"no state of the device '{device}' is known")
        return StateOut(device=device, received_ms=row.received_ms, state=msgspec.json.decode(row.payload))


def _newest_state(session: Session, device: str) -> ReportRow | None:
    return session.get(ReportRow, (device, "state", ""))

"""Desired state of one device: what holds, what held, and the next version of it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from skerry_edge.contracts.messages import State
from skerry_server.api.context import (
    Asking,
    Context,
    Cursor,
    DeviceName,
    Limit,
    Wish,
    answers,
    before_id,
    cut,
    visible_device,
)
from skerry_server.api.queries import TEXT_PATTERN
from skerry_server.api.resources.devices import NO_DEVICE
from skerry_server.registry.models import DesiredRow, ReportRow
from skerry_server.registry.orders.desired import list_desired, newest_desired, put_desired
from skerry_server.registry.orders.standing import Progress, standings

IfMatch = Annotated[
    str,
    Header(
        pattern=r'^("[0-9]{1,16}"|\*)$',
        description='`ETag` of the version that you looked at, `"0"` where there was none; `*` for whichever holds.',
    ),
]
_TAGGED: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"description": "The version that holds.", "schema": {"type": "string"}}}}
}


class DesiredIn(Wish):
    """What a device is to run. It is whole: what it does not name is as the device's own file has it."""

    config: dict[str, Any] = Field(default={}, description="A merge patch (RFC 7396) over the device's own file.")
    models: dict[str, Annotated[str, Field(max_length=128, pattern=TEXT_PATTERN)]] = Field(
        default={}, description="The model of a pipeline, by the pipeline's name."
    )


class OrderOut(BaseModel):
    """An order to run a release; ``id`` is what the device's answers name. A rollout's devices tell what came of it."""

    id: str
    version: str
    counter: int
    probation_s: int
    deadline_s: int


class VersionOut(BaseModel):
    """One version of what a device is to run; without ``published_ms`` the broker has yet to take it.

    ``updates`` are the orders that rollouts put in, by what they are about: `model/NAME` or `agent/skerry`.
    """

    version: int
    ts_ms: int
    author: str
    config: dict[str, Any]
    models: dict[str, str]
    updates: dict[str, OrderOut]
    published_ms: int | None


class DesiredOut(BaseModel):
    """The version that holds, and the one that the device has applied; 0 and null stand for none.

    ``progress`` is what became of the version that holds, null where there is none; ``reason`` is the device's own
    where it refused, else what is waited for.
    """

    device: str
    version: int
    applied_version: int
    is_applied: bool
    progress: Progress | None
    reason: str | None
    desired: VersionOut | None


class VersionsOut(BaseModel):
    """One page of versions, newest first; ``next`` is the cursor of the following page, if there is one."""

    versions: list[VersionOut]
    next: str | None


def add_desired(router: APIRouter, context: Context) -> None:
    """Add the routes of one device's desired state."""

    @router.get("/devices/{device}/desired", responses=_TAGGED | NO_DEVICE)
    def desired(device: DeviceName, visitor: Asking, response: Response) -> DesiredOut:
        """Version that holds for a device, and which one it has applied."""
        with context.database.reading() as session:
            visible_device(session, visitor, device)
            found = _desired_out(session, device)
        response.headers["etag"] = f'"{found.version}"'
        return found

    @router.put(
        "/devices/{device}/desired",
        responses=_TAGGED | NO_DEVICE | answers(_412="Another version holds by now."),
    )
    def put(device: DeviceName, wish: DesiredIn, if_match: IfMatch, visitor: Asking, response: Response) -> DesiredOut:
        """Make the next version for a device; it gets it at once, or when it connects."""
        looked_at = None if if_match == "*" else int(if_match.strip('"'))
        with context.database.transaction() as session:
            visible_device(session, visitor, device)
            author = context.doorkeeper.author(visitor)
            put_desired(session, author, device, config=wish.config, models=wish.models, from_version=looked_at)
            found = _desired_out(session, device)
        context.downlink.wake()
        response.headers["etag"] = f'"{found.version}"'
        return found

    @router.get("/devices/{device}/desired/history", responses=NO_DEVICE)
    def history(device: DeviceName, visitor: Asking, limit: Limit = 50, cursor: Cursor | None = None) -> VersionsOut:
        """All versions for a device, newest first."""
        with context.database.reading() as session:
            visible_device(session, visitor, device)
            rows = list_desired(session, device, limit=limit + 1, before_version=before_id(cursor))
        page, last = cut(rows, limit)
        return VersionsOut(versions=[version_out(row) for row in page], next=str(last.version) if last else None)


def version_out(row: DesiredRow) -> VersionOut:
    """Return a version."""
    return VersionOut(
        version=row.version,
        ts_ms=row.ts_ms,
        author=row.author,
        config=row.config,
        models=row.models,
        updates={subject: OrderOut(**order) for subject, order in row.updates.items()},
        published_ms=row.published_ms,
    )


def _desired_out(session: Session, device: str) -> DesiredOut:
    newest = newest_desired(session, device)
    reported = session.get(ReportRow, (device, "state", ""))
    applied = msgspec.json.decode(reported.payload, type=State).config_version if reported is not None else 0
    version = newest.version if newest is not None else 0
    standing = standings(session, [newest])[0] if newest is not None else None
    return DesiredOut(
        device=device,
        version=version,
        applied_version=applied,
        is_applied=applied == version,
        progress=standing.progress if standing is not None else None,
        reason=standing.reason if standing is not None else None,
        desired=None if newest is None else version_out(newest),
    )

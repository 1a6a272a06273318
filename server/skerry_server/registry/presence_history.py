"""The history of presence: intervals without gap or overlap, of which each device has exactly one that lasts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from skerry_server.presence import PresenceState
from skerry_server.registry.chunks import chunks
from skerry_server.registry.models import PresenceIntervalRow, table_of
from skerry_server.registry.text import storable


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """What a device's presence became, when by the server's clock (Unix ms), and in which session."""

    device: str
    state: PresenceState
    reason: str | None
    session: str
    at_ms: int


def save_transitions(session: Session, transitions: Iterable[Transition]) -> int:
    """End the interval that lasts and begin the next, in the order given, and return how many began.

    A transition to what holds already begins nothing, so that the same ones may come again. One that is older than
    the interval it ends leaves that empty rather than negative: clocks are set back, the order is what counts.
    """
    ordered = list(transitions)
    lasting = _lasting(session, sorted({one.device for one in ordered}))
    ended: list[dict[str, Any]] = []
    begun: list[dict[str, Any]] = []
    for one in ordered:
        before = lasting.get(one.device)
        if before is not None and _is_same(before, one):
            continue
        began_ms = one.at_ms if before is None else max(one.at_ms, before["began_ms"])
        if before is not None:
            before["ended_ms"] = began_ms
            if "row_id" in before:
                ended.append(before)
        lasting[one.device] = _interval(one, began_ms)
        begun.append(lasting[one.device])
    _write(session, ended, begun)
    return len(begun)


def intervals_of(
    session: Session, device: str, *, since_ms: int, until_ms: int, limit: int
) -> list[PresenceIntervalRow]:
    """Return at most ``limit`` intervals of ``device`` that touch the time from ``since_ms`` on, newest first."""
    touches = (PresenceIntervalRow.ended_ms.is_(None) | (PresenceIntervalRow.ended_ms > since_ms)) & (
        PresenceIntervalRow.began_ms < until_ms
    )
    query = select(PresenceIntervalRow).where(PresenceIntervalRow.device == device, touches)
    ordered = query.order_by(PresenceIntervalRow.began_ms.desc(), PresenceIntervalRow.id.desc()).limit(limit)
    return list(session.scalars(ordered))


def _lasting(session: Session, devices: list[str]) -> dict[str, dict[str, Any]]:
    """Return the interval of each device that lasts, locked, with its number as ``row_id``."""
    row = PresenceIntervalRow
    query = select(row.id.label("row_id"), row.device, row.state, row.reason, row.session, row.began_ms)
    # In one order, so that two workers with the same devices wait for each other instead of both.
    query = query.where(row.ended_ms.is_(None)).order_by(row.device).with_for_update()
    rows = (one for piece in chunks(devices) for one in session.execute(query.where(row.device.in_(piece))))
    return {one.device: dict(one._mapping) for one in rows}  # noqa: SLF001  # public by SQLAlchemy's manual


def _is_same(before: dict[str, Any], after: Transition) -> bool:
    was = (before["state"], before["reason"], before["session"])
    return was == (after.state, storable(after.reason), after.session)


def _interval(one: Transition, began_ms: int) -> dict[str, Any]:
    return {
        "device": one.device,
        "state": one.state,
        "reason": storable(one.reason),
        "session": one.session,
        "began_ms": began_ms,
        "ended_ms": None,
    }


def _write(session: Session, ended: list[dict[str, Any]], begun: list[dict[str, Any]]) -> None:
    table = table_of(PresenceIntervalRow)
    if ended:
        # First, since of each device only one may last.
        end = update(table).where(table.c.id == bindparam("row_id")).values(ended_ms=bindparam("ended_ms"))
        session.connection().execute(end, [{key: one[key] for key in ("row_id", "ended_ms")} for one in ended])
    if begun:
        session.execute(insert(table), begun)

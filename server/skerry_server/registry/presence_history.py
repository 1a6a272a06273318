"""The history of presence: intervals without gap or overlap, of which each device has exactly one that lasts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from skerry_server.presence import PresenceState
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
    lasting = _lasting(session, {one.device for one in ordered})
    begun = 0
    for one in ordered:
        before = lasting.get(one.device)
        if before is not None and _is_same(before, one):
            continue
        began_ms = one.at_ms if before is None else max(one.at_ms, before.began_ms)
        if before is not None:
            _end(session, before, began_ms)
        lasting[one.device] = _begin(session, one, began_ms)
        begun += 1
    return begun


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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Lasting:
    """An interval that lasts, as far as a transition can end it."""

    id: int
    state: str
    reason: str | None
    session: str
    began_ms: int


def _lasting(session: Session, devices: set[str]) -> dict[str, _Lasting]:
    row = PresenceIntervalRow
    query = select(row.device, row.id, row.state, row.reason, row.session, row.began_ms)
    # In one order, so that two workers with the same devices wait for each other instead of both.
    query = query.where(row.device.in_(devices), row.ended_ms.is_(None)).order_by(row.device).with_for_update()
    return {
        one.device: _Lasting(id=one.id, state=one.state, reason=one.reason, session=one.session, began_ms=one.began_ms)
        for one in session.execute(query)
    }


def _is_same(before: _Lasting, after: Transition) -> bool:
    return (before.state, before.reason, before.session) == (after.state, storable(after.reason), after.session)


def _end(session: Session, lasting: _Lasting, ended_ms: int) -> None:
    session.execute(update(PresenceIntervalRow).where(PresenceIntervalRow.id == lasting.id).values(ended_ms=ended_ms))


def _begin(session: Session, one: Transition, began_ms: int) -> _Lasting:
    reason = storable(one.reason)
    added = session.execute(
        insert(table_of(PresenceIntervalRow)).values(
            device=one.device, state=one.state, reason=reason, session=one.session, began_ms=began_ms
        )
    )
    row_id = added.inserted_primary_key[0]  # type: ignore[attr-defined]  # an INSERT gives a CursorResult
    return _Lasting(id=row_id, state=one.state, reason=reason, session=one.session, began_ms=began_ms)

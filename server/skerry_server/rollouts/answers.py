"""What devices answer to update orders, taken into the rollouts that they belong to; doing it again changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry_edge.contracts.messages import session_order
from skerry_edge.contracts.updates import FINAL_OUTCOMES, UpdateReport
from skerry_server.ingest.validate import Accepted
from skerry_server.registry.chunks import chunks
from skerry_server.registry.models import RolloutDeviceRow, RolloutRow
from skerry_server.registry.text import storable
from skerry_server.rollouts.history import with_entry
from skerry_server.rollouts.states import DeviceState

LOG = logging.getLogger(__name__)
REOPENED: tuple[DeviceState, ...] = ("waiting", "left-out")
"""A device in one of these began with an order in the moment in which that was withdrawn."""
WITHDRAWN = "superseded"
"""So a device ends an order that was taken from it before it had switched: no failure of the release."""


def save_answers(session: Session, accepted: Sequence[Accepted]) -> None:
    """Take in every update report of a batch, in their order; one about an order that nobody gave is passed over.

    So is one that tells of another release than was ordered: what that device runs is not known from it.
    """
    reports = [(one, one.message) for one in accepted if isinstance(one.message, UpdateReport)]
    if not reports:
        return
    rows = _rows(session, {report.order for _, report in reports})
    for one, report in reports:
        row, rollout = rows.get(report.order, (None, None))
        if row is None or rollout is None or row.device != one.topic.device:
            continue
        if (report.kind, report.name, report.to_version) != (rollout.kind, rollout.name, _ordered(row, rollout)):
            LOG.warning("device %s answers order %s with another release: passed over", row.device, report.order)
            continue
        _take(row, report, received_ms=one.delivery.received_ms)


def outcome_state(outcome: str, *, is_return: bool) -> DeviceState:
    """Return the state that a final outcome leads to, for an order forward or back. Pure."""
    if is_return:
        return "returned" if outcome == "committed" else "not-returned"
    return cast("DeviceState", outcome)


def _ordered(row: RolloutDeviceRow, rollout: RolloutRow) -> str:
    """Return the version that the newest order of a device names."""
    is_return = row.state in ("returning", "returned", "not-returned")
    return (row.from_version or "") if is_return else rollout.version


def _rows(session: Session, orders: set[str]) -> Mapping[str, tuple[RolloutDeviceRow, RolloutRow]]:
    found: dict[str, tuple[RolloutDeviceRow, RolloutRow]] = {}
    for piece in chunks(sorted(orders)):
        # In the order in which the job locks them as well.
        query = select(RolloutDeviceRow, RolloutRow).join(RolloutRow, RolloutRow.id == RolloutDeviceRow.rollout)
        query = query.where(RolloutDeviceRow.order_id.in_(piece)).order_by(RolloutDeviceRow.device)
        rows = session.execute(query.with_for_update(of=RolloutDeviceRow))
        found |= {row.order_id: (row, rollout) for row, rollout in rows if row.order_id is not None}
    return found


def _take(row: RolloutDeviceRow, report: UpdateReport, *, received_ms: int) -> None:
    is_under_way = row.state in ("ordered", "returning")
    if report.outcome in FINAL_OUTCOMES:
        # The first word about an order is the last one, but one that comes after its time still counts.
        held_as = _held_as(row) if report.reason == WITHDRAWN else None
        if held_as is not None:
            _let_go(row, held_as, received_ms=received_ms)
        elif is_under_way or row.state in REOPENED or _is_late(row):
            _end(row, report, received_ms=received_ms)
        return
    if (is_under_way or row.state in REOPENED) and _is_news(row, report):
        _go_on(row, report, received_ms=received_ms)


def _is_late(row: RolloutDeviceRow) -> bool:
    """Tell whether the server gave up waiting, forward or back."""
    return row.state == "timed-out" or (row.state == "not-returned" and row.reason == "deadline")


def _held_as(row: RolloutDeviceRow) -> DeviceState | None:
    """Return the state that a device was in when its order had been taken from it; None where it was not."""
    if row.state in ("ordered", *REOPENED):
        last = next((one["what"] for one in reversed(row.history) if one["what"] in ("ordered", *REOPENED)), row.state)
        return last if last in REOPENED else None
    return None


def _let_go(row: RolloutDeviceRow, held_as: DeviceState, *, received_ms: int) -> None:
    """Note that the device has let go of the order; once, however often it says so."""
    if row.state == "ordered":
        row.state, row.has_begun, row.ended_ms, row.deadline_ms = held_as, False, received_ms, None
        row.phase = row.reason = row.detail = row.progress_bytes = row.total_bytes = None
    if not row.history or row.history[-1]["what"] != WITHDRAWN:
        row.history = with_entry(row.history, WITHDRAWN, ts_ms=received_ms)


def _end(row: RolloutDeviceRow, report: UpdateReport, *, received_ms: int) -> None:
    row.state = outcome_state(report.outcome, is_return=row.state in ("returning", "not-returned"))
    row.has_begun, row.ended_ms, row.deadline_ms = True, received_ms, None
    row.phase, row.reason, row.detail = report.state, report.reason, storable(report.detail)
    row.progress_bytes, row.total_bytes = report.progress_bytes, report.total_bytes
    told = row.detail
    if row.state == "committed" and report.from_version is not None:
        if row.from_version not in (None, report.from_version):
            told = f"from {report.from_version}, not from {row.from_version} as was known"
        row.from_version = report.from_version
    row.history = with_entry(row.history, row.state, ts_ms=received_ms, reason=row.reason, detail=told)


def _go_on(row: RolloutDeviceRow, report: UpdateReport, *, received_ms: int) -> None:
    if row.state in REOPENED:
        # Its deadline is the one of the order that it took after all.
        row.state, row.ended_ms, row.reason = "ordered", None, None
    if row.phase != report.state:
        row.history = with_entry(
            row.history, report.state, ts_ms=received_ms, reason=report.reason, detail=storable(report.detail)
        )
    row.has_begun, row.phase, row.reason, row.detail = True, report.state, report.reason, storable(report.detail)
    row.progress_bytes, row.total_bytes = report.progress_bytes, report.total_bytes
    row.session, row.seq = report.session, report.seq


def _is_news(row: RolloutDeviceRow, report: UpdateReport) -> bool:
    if row.session is None or row.seq is None:
        return True
    return (session_order(report.session), report.seq) > (session_order(row.session), row.seq)

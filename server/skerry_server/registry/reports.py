"""What devices report beside heartbeats and events: applied state, results of commands, snapshots."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from skerry_edge.contracts.messages import CommandResult
from skerry_server.ingest.validate import Accepted
from skerry_server.registry.models import ReportRow
from skerry_server.registry.orders.commands import save_result
from skerry_server.registry.snapshots import SNAPSHOT, trim_snapshots

REPORTED_KINDS = ("state", "result", SNAPSHOT)


def save_reports(session: Session, accepted: Sequence[Accepted], current: Sequence[Accepted]) -> None:
    """Keep every result, of each device the newest state and snapshots; ``current`` are messages about now."""
    about_now = {id(one) for one in current}
    for one in accepted:
        if one.topic.kind not in REPORTED_KINDS:
            continue
        key = (one.topic.device, one.topic.kind, one.topic.item or "")
        row = session.get(ReportRow, key)
        if row is None:
            row = ReportRow(device=key[0], kind=key[1], item=key[2])
            session.add(row)
        elif one.topic.kind == "state" and not (id(one) in about_now or _follows(one, row)):
            continue
        row.session = one.message.session if one.message else None
        row.seq = one.message.seq if one.message else None
        row.received_ms = one.delivery.received_ms
        row.payload = one.delivery.payload
        if isinstance(one.message, CommandResult):
            save_result(session, one.topic.device, one.message, received_ms=one.delivery.received_ms)
    trim_snapshots(session, {one.topic.device for one in accepted if one.topic.kind == SNAPSHOT})


def _follows(one: Accepted, row: ReportRow) -> bool:
    """Tell whether a state that came late is still newer than the one that is kept."""
    return one.message is not None and one.message.session == row.session and one.message.seq > (row.seq or 0)

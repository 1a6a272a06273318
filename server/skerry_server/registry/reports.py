"""What devices report beside heartbeats and events: applied state, results of commands, snapshots."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Insert, case, exists
from sqlalchemy.orm import Session

from skerry_edge.contracts.messages import CommandResult, Message
from skerry_server.ingest.validate import Accepted
from skerry_server.registry.database import insertion
from skerry_server.registry.models import PresenceRow, ReportRow, table_of
from skerry_server.registry.orders.commands import save_result
from skerry_server.registry.snapshots import SNAPSHOT, trim_snapshots

REPORTED_KINDS = ("state", "result", SNAPSHOT)


def save_reports(session: Session, accepted: Sequence[Accepted]) -> None:
    """Keep every result, of each device the newest state and snapshots."""
    # What was just decided about presence says which session a state must be of.
    session.flush()
    reported = [one for one in accepted if one.topic.kind in REPORTED_KINDS]
    # In one order, so that two workers with the same devices wait for each other instead of both.
    for one in sorted(reported, key=_key):
        session.execute(_kept(session, one))
        if isinstance(one.message, CommandResult):
            save_result(session, one.topic.device, one.message, received_ms=one.delivery.received_ms)
    trim_snapshots(session, {one.topic.device for one in reported if one.topic.kind == SNAPSHOT})


def _key(one: Accepted) -> tuple[str, str, str]:
    return one.topic.device, one.topic.kind, one.topic.item or ""


def _kept(session: Session, one: Accepted) -> Insert:
    """Return the statement that keeps one report; it compares and writes at once, so that no worker comes between."""
    device, kind, item = _key(one)
    message = one.message
    values = {
        "session": message.session if message else None,
        "seq": message.seq if message else None,
        "received_ms": one.delivery.received_ms,
        "payload": one.delivery.payload,
    }
    new = insertion(session, table_of(ReportRow)).values(device=device, kind=kind, item=item, **values)
    return new.on_conflict_do_update(
        index_elements=["device", "kind", "item"],
        set_=values,
        where=_is_newer(device, message) if kind == "state" and message else None,
    )


def _is_newer(device: str, message: Message) -> ColumnElement[bool]:
    """Return the condition on which a state goes over the one that is kept: of its session a later one, or about now.

    A session that presence has left brings nothing, whatever a worker remembers of it.
    """
    is_about_now = exists().where(PresenceRow.device == device, PresenceRow.session == message.session)
    return case((ReportRow.session == message.session, ReportRow.seq < message.seq), else_=is_about_now)

"""What people do with rollouts: made, approved, started, paused, resumed, ended, tried again, undone."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from skerry_server.errors import ConflictError, NotFoundError
from skerry_server.registry.audit.trail import Author, note
from skerry_server.registry.chunks import chunks
from skerry_server.registry.models import RolloutDeviceRow, RolloutRow, table_of
from skerry_server.registry.orders.desired import change_order
from skerry_server.rollouts.candidates import read_candidates
from skerry_server.rollouts.eligibility import plan
from skerry_server.rollouts.history import with_entry
from skerry_server.rollouts.spec import Spec, read_spec
from skerry_server.rollouts.states import FAILURES, OPEN, RolloutState

BY_HAND = "by-hand"


def create(session: Session, author: Author, spec: Spec) -> RolloutRow:
    """Make a rollout; nothing is sent before it is started. Raises ConfigError and NotFoundError."""
    # What cannot be planned now is told now, and not when somebody starts it.
    plan(spec, read_candidates(session, spec))
    row = RolloutRow(
        kind=spec.kind,
        name=spec.name,
        version=spec.version,
        counter=spec.counter,
        spec=msgspec.to_builtins(spec),
        state="draft",
        stage=0,
        stages=0,
        author=author.name,
        created_ms=author.ts_ms,
    )
    session.add(row)
    session.flush()
    note(session, author, "rollout.create", subject_of(row), {"spec": row.spec})
    return row


def approve(session: Session, author: Author, rollout: int) -> RolloutRow:
    """Approve a rollout, as somebody else than its author. Raises NotFoundError and ConflictError."""
    row = _in_state(session, rollout, ("draft",), act="approved")
    if author.name == row.author:
        raise ConflictError(
            "the author of a rollout cannot approve it", found=f"'{author.name}'", todo="ask a second person"
        )
    if row.approved_by is not None:
        raise ConflictError("the rollout was approved before", found=f"by '{row.approved_by}'")
    row.approved_by, row.approved_ms = author.name, author.ts_ms
    return _noted(session, author, row, "approve")


def start(session: Session, author: Author, rollout: int) -> RolloutRow:
    """Settle which devices get the release in which stage, and let the first one begin.

    Raises NotFoundError, ConfigError, and ConflictError where it lacks its approval, nobody is to get the release, or
    another rollout of the same model, or of the agent, has not ended.
    """
    row = _in_state(session, rollout, ("draft",), act="started")
    spec = read_spec(row.spec)
    if spec.needs_approval and row.approved_by is None:
        raise ConflictError(
            "the rollout needs the approval of a second person",
            found="none yet",
            todo=f"somebody else than '{row.author}' approves it: skerry fleet rollouts approve {row.id}",
        )
    _require_alone(session, row)
    planned = [one for one in plan(spec, read_candidates(session, spec)) if one.stage is not None]
    if not planned:
        raise ConflictError(
            "no device is to get the release", where=subject_of(row), todo="look at the plan: it says why not"
        )
    # Past the ORM: there may be ten thousand of them.
    session.execute(
        insert(table_of(RolloutDeviceRow)),
        [
            {
                "rollout": row.id,
                "device": one.device,
                "stage": one.stage,
                "state": "waiting",
                "from_version": one.from_version,
                "attempts": 0,
                "has_begun": False,
                "history": [],
            }
            for one in planned
        ],
    )
    row.stages = 1 + max(one.stage for one in planned if one.stage is not None)
    row.state, row.started_ms = "running", author.ts_ms
    return _noted(session, author, row, "start", devices=len(planned), stages=row.stages)


def pause(session: Session, author: Author, rollout: int) -> RolloutRow:
    """Order no further device anything; those that were go on. Raises NotFoundError and ConflictError."""
    row = _in_state(session, rollout, ("running",), act="paused")
    row.state, row.reason, row.detail = "paused", BY_HAND, f"by {author.name}"
    return _noted(session, author, row, "pause")


def resume(session: Session, author: Author, rollout: int) -> RolloutRow:
    """Go on with a rollout that is paused; the failures until now, and the gates of its stage, are excused.

    Raises NotFoundError and ConflictError.
    """
    row = _in_state(session, rollout, ("paused",), act="resumed")
    excused = row.reason
    if row.reason != BY_HAND:
        row.excused_ms, row.excused_stage = author.ts_ms, row.stage
    row.state, row.reason, row.detail = "running", None, None
    return _noted(session, author, row, "resume", excused=excused)


def abort(session: Session, author: Author, rollout: int) -> RolloutRow:
    """End a rollout: what nobody has begun is withdrawn, and whoever took the release keeps it.

    Raises NotFoundError and ConflictError.
    """
    row = _in_state(session, rollout, ("draft", "running", "paused"), act="aborted")
    row.state, row.reason, row.detail, row.ended_ms = "aborted", BY_HAND, f"by {author.name}", author.ts_ms
    return _noted(session, author, row, "abort")


def retry(session: Session, author: Author, rollout: int, devices: Collection[str] = ()) -> int:
    """Let devices that failed wait for another order, all of them or those named; return how many.

    The order that they failed with is withdrawn, and what a device says of it from now on is passed over: it may say
    its end again with each connection.

    Raises NotFoundError, and ConflictError where none of them has failed.
    """
    row = _in_state(session, rollout, ("running", "paused", "done"), act="tried again")
    if row.state == "done":
        _require_alone(session, row)
        row.state, row.ended_ms = "running", None
    failed = _failed(session, row.id, devices)
    if not failed:
        raise ConflictError("no such device has failed in this rollout", where=subject_of(row))
    for one in failed:
        one.state, one.has_begun, one.unsound_ms, one.crashes = "waiting", False, None, None
        one.order_id = one.deadline_ms = one.ended_ms = one.reason = one.detail = one.phase = None
        one.history = with_entry(one.history, "retry", ts_ms=author.ts_ms, detail=f"by {author.name}")
    subject = f"{row.kind}/{row.name}"
    change_order(session, author, {one.device: None for one in failed}, subject=subject)
    _noted(session, author, row, "retry", number=len(failed), devices=sorted(devices))
    return len(failed)


def roll_back(session: Session, author: Author, rollout: int) -> RolloutRow:
    """Order every device that took the release back to the version before. Raises NotFoundError and ConflictError."""
    row = _in_state(session, rollout, ("running", "paused", "done", "aborted"), act="rolled back")
    if row.started_ms is None:
        raise ConflictError("the rollout never started", where=subject_of(row))
    later = select(RolloutRow.id).where(
        RolloutRow.kind == row.kind,
        RolloutRow.name == row.name,
        RolloutRow.id != row.id,
        RolloutRow.started_ms >= row.started_ms,
    )
    newest = session.scalar(later.order_by(RolloutRow.id.desc()).limit(1))
    if newest is not None:
        raise ConflictError(
            "a later rollout has changed what devices run", where=subject_of(row), found=f"rollout {newest}"
        )
    _require_alone(session, row)
    row.state, row.reason, row.detail, row.ended_ms = "rolling-back", BY_HAND, f"by {author.name}", None
    return _noted(session, author, row, "roll-back")


def get_rollout(session: Session, rollout: int) -> RolloutRow:
    """Return a rollout, locked until the transaction ends. Raises NotFoundError."""
    row = session.scalar(select(RolloutRow).where(RolloutRow.id == rollout).with_for_update())
    if row is None:
        raise NotFoundError("there is no such rollout", found=str(rollout))
    return row


def subject_of(row: RolloutRow) -> str:
    """Return what the audit and errors call a rollout."""
    return f"rollout {row.id}"


def _in_state(session: Session, rollout: int, states: Sequence[RolloutState], *, act: str) -> RolloutRow:
    row = get_rollout(session, rollout)
    if row.state not in states:
        raise ConflictError(
            f"a rollout that is '{row.state}' cannot be {act}",
            where=subject_of(row),
            todo=f"it can be while it is {' or '.join(states)}",
        )
    return row


def _require_alone(session: Session, row: RolloutRow) -> None:
    """Raise ConflictError where another rollout of the same model, or of the agent, is open."""
    others = select(RolloutRow.id).where(
        RolloutRow.kind == row.kind, RolloutRow.name == row.name, RolloutRow.id != row.id, RolloutRow.state.in_(OPEN)
    )
    other = session.scalar(others.limit(1))
    if other is not None:
        raise ConflictError(
            f"another rollout of '{row.kind}/{row.name}' has not ended",
            where=subject_of(row),
            found=f"rollout {other}",
            todo="wait for it, or end it first",
        )


def _failed(session: Session, rollout: int, devices: Collection[str]) -> list[RolloutDeviceRow]:
    query = select(RolloutDeviceRow).where(RolloutDeviceRow.rollout == rollout, RolloutDeviceRow.state.in_(FAILURES))
    query = query.order_by(RolloutDeviceRow.device).with_for_update()
    if not devices:
        return list(session.scalars(query))
    found: list[RolloutDeviceRow] = []
    for piece in chunks(sorted(set(devices))):
        found += session.scalars(query.where(RolloutDeviceRow.device.in_(piece)))
    return found


def _noted(session: Session, author: Author, row: RolloutRow, action: str, **detail: object) -> RolloutRow:
    session.flush()
    told = {"release": f"{row.kind}/{row.name} {row.version}", **detail}
    note(session, author, f"rollout.{action}", subject_of(row), told)
    return row

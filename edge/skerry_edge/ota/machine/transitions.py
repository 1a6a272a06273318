"""From one state of an update to the next: every decision of the update machine, without clock, disk or network.

    CHECK -> PRECHECK -> DOWNLOAD -> VERIFY -> STAGE -> SELF-TEST -> INTENT -> SWITCH -> PROBATION -> COMMIT -> REPORT

Until INTENT nothing that runs is touched, so whatever goes wrong is merely reported (REPORT-FAIL). From INTENT to
PROBATION it is undone first (ROLLBACK). COMMIT and ROLLBACK are tried until they are done; from COMMIT there is a way
back for what others have undone meanwhile, as the launcher gives up an agent that was cut off before it was confirmed.
"""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from skerry_edge.contracts.release import REFUSALS
from skerry_edge.contracts.updates import UpdateOutcome, UpdateState
from skerry_edge.ota.machine.happenings import (
    Begun,
    Done,
    Failed,
    Happening,
    Overdue,
    Postponed,
    Refused,
    Superseded,
)
from skerry_edge.ota.machine.record import MAX_DETAIL_CHARS, Record, is_overdue

Actor = Literal["worker", "agent"]
PREPARING: tuple[UpdateState, ...] = ("check", "precheck", "download", "verify", "stage", "self-test")
"""What a process of its own does; what runs is not touched."""
ON_TRIAL: tuple[UpdateState, ...] = ("intent", "switch", "probation")
"""What is undone where it does not end well."""
_NEXT: dict[UpdateState, UpdateState] = {
    "check": "precheck",
    "precheck": "download",
    "download": "verify",
    "verify": "stage",
    "stage": "self-test",
    "self-test": "intent",
    "intent": "switch",
    "switch": "probation",
    "probation": "commit",
    "commit": "report",
    "rollback": "report-fail",
    "report": "idle",
    "report-fail": "idle",
}
MAX_ENTRIES: dict[UpdateState, int] = {"download": 20, "probation": 3}
"""How often the work of a state is begun; a download goes on where it was, and each start of the agent in probation
may have been the new version's doing."""
_MAX_ENTRIES_ELSEWHERE = 5


def actor_of(state: UpdateState) -> Actor:
    """Tell who does what a state asks for: the worker process, or the agent itself."""
    return "worker" if state in PREPARING else "agent"


def advance(record: Record, happening: Happening) -> Record:
    """Return the record after something happened; `timed` has been told the time before.

    What comes too late, as a deadline after the commit, changes nothing.
    """
    if isinstance(happening, Done):
        return _done(record, happening)
    if record.state == "commit" and isinstance(happening, Failed):
        return _failed(record, happening)
    if record.state not in PREPARING + ON_TRIAL:
        return replace(record, entries=record.entries + 1) if isinstance(happening, Begun) else record
    if isinstance(happening, Begun):
        return _begun(record)
    if record.state in PREPARING and isinstance(happening, Postponed):
        # It waits, and did not crash, so it is not counted as a crash.
        why = {"reason": happening.reason, "detail": happening.detail[:MAX_DETAIL_CHARS] or None}
        return replace(record, entries=max(0, record.entries - 1), **why)
    return _failed(record, happening)


def _failed(record: Record, happening: Refused | Failed | Postponed | Overdue | Superseded) -> Record:
    if isinstance(happening, Superseded):
        # What is on trial ends its trial: what runs must be known to be good before something else is tried.
        return _ended(record, "failed", "superseded", "") if record.state in PREPARING else record
    if isinstance(happening, Overdue):
        return _overdue(record)
    outcome: UpdateOutcome = "refused" if isinstance(happening, Refused) else "failed"
    return _ended(record, outcome, happening.reason, happening.detail)


def _overdue(record: Record) -> Record:
    """Return the record of an order that is out of time; what waited for something until then ends for that reason."""
    if record.state not in PREPARING or record.reason is None:
        return _ended(record, "failed", "deadline", f"not done within {record.order.deadline_s} s")
    outcome: UpdateOutcome = "refused" if record.reason in REFUSALS else "failed"
    return _ended(record, outcome, record.reason, record.detail or "")


def _begun(record: Record) -> Record:
    if is_overdue(record):
        return advance(record, Overdue())
    limit = MAX_ENTRIES.get(record.state, _MAX_ENTRIES_ELSEWHERE)
    if record.entries >= limit:
        return _ended(record, "failed", "interrupted", f"{record.state} was begun {limit} times and never ended")
    return replace(record, entries=record.entries + 1)


def _done(record: Record, done: Done) -> Record:
    if record.state == "idle":
        return record
    if record.state == "check" and done.is_running:
        found = replace(record, from_version=done.from_version, from_sha256=done.from_sha256, outcome="committed")
        return _entered(found, "report")
    if record.state == "check" and record.was_lost:
        found = replace(record, from_version=done.from_version, from_sha256=done.from_sha256)
        return _ended(found, "failed", "journal", "it was begun before, and how far it came was lost")
    if record.state == "check":
        record = replace(
            record,
            from_sha256=done.from_sha256,
            from_version=done.from_version,
            to_sha256=done.to_sha256,
            choice=done.choice,
        )
    if record.state == "rollback" and done.from_version is not None:
        record = replace(record, from_version=done.from_version)
    if record.state == "intent":
        record = replace(record, before=done.before)
    if record.state == "self-test" and record.spent_s + record.order.probation_s > record.order.deadline_s:
        return _ended(record, "failed", "deadline", "too late for the probation that was ordered")
    if record.state == "probation":
        record = replace(record, outcome="committed")
    skips = record.state == "check" and done.is_here
    return _entered(record, "self-test" if skips else _NEXT[record.state])


def _ended(record: Record, outcome: UpdateOutcome, reason: str, detail: str) -> Record:
    """Return the record on the way that leads back to the version before, and says why."""
    was_switched = record.state in ("switch", "probation", "commit")
    if was_switched:
        outcome = "rolled-back"
    ending = replace(record, outcome=outcome, reason=reason, detail=detail[:MAX_DETAIL_CHARS] or None)
    return _entered(ending, "rollback" if was_switched or record.state == "intent" else "report-fail")


def _entered(record: Record, state: UpdateState) -> Record:
    waits_no_more = {} if record.outcome else {"reason": None, "detail": None}
    return replace(record, state=state, entries=0, **waits_no_more)

"""The record of one update under way: all that a crash must not take, and how long it has been at it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from skerry_edge.contracts.manifest import Sha256
from skerry_edge.contracts.messages import Count, UpdateOrder
from skerry_edge.contracts.release import ReleaseVersion, Subject
from skerry_edge.contracts.updates import UpdateOutcome, UpdateState
from skerry_edge.ota.choice import Choice
from skerry_edge.ota.machine.figures import Before

MAX_DETAIL_CHARS = 1000
Seconds = Annotated[float, Meta(ge=0.0, le=1e12)]


class Instant(Struct, frozen=True, kw_only=True):
    """Now, as the machine counts it: its start, by the kernel's id, and the seconds since then (CLOCK_BOOTTIME)."""

    boot: Annotated[str, Meta(max_length=64)]
    since_boot_s: Seconds


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One order, and how far the device is with it.

    - ``entries`` is how often the work of this state was begun; what ends well goes on to the next state.
    - ``spent_s`` is the running time that the order has taken until ``at``; the wall clock has no part in it.
    - ``from_sha256`` and ``from_version`` are what ran before, absent where no release did; ``to_sha256`` is the new
      file's. ``before`` is how the device did until the switch.
    - ``was_lost`` says that the order was begun before, and that what became of it then is not known any more.
    - ``outcome``, ``reason`` and ``detail`` are how it ends, from the moment when that is certain. A ``reason`` without
      an outcome is why the work of this state waits.
    """

    subject: Subject
    order: UpdateOrder
    at: Instant
    state: UpdateState = "check"
    entries: Count = 0
    spent_s: Seconds = 0.0
    from_sha256: Sha256 | None = None
    from_version: ReleaseVersion | None = None
    to_sha256: Sha256 | None = None
    choice: Choice | None = None
    was_lost: bool = False
    before: Before | None = None
    outcome: UpdateOutcome | None = None
    reason: str | None = None
    detail: str | None = None

    @property
    def name(self) -> str:
        """The name of what is updated, without its kind."""
        return self.subject.partition("/")[2]


def begun(subject: str, order: UpdateOrder, now: Instant) -> Record:
    """Return the record of an order that nothing was done for yet."""
    return Record(subject=subject, order=order, at=now)


def timed(record: Record, now: Instant) -> Record:
    """Return the record with the time until ``now`` added to what it took.

    Of a time that ended with the machine, only what was written down counts; in a new start all of it counts that the
    machine has run.
    """
    since_s = record.at.since_boot_s if record.at.boot == now.boot else 0.0
    return replace(record, at=now, spent_s=record.spent_s + max(0.0, now.since_boot_s - since_s))


def is_overdue(record: Record) -> bool:
    """Tell whether the order has taken all the time that it was given."""
    return record.spent_s >= record.order.deadline_s

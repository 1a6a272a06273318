"""Whether all that was accepted arrived, and in order: what the device had on disk, held against what came. Pure.

Three kinds of proof. What lies in the outbox of an agent that was just killed was accepted, so it must arrive later. A
synthetic pipeline counts its events up from one, so between two that arrived from one life of it none may be missing.
And what a child had sent before it was killed, while its agent lived on, must arrive: its count would not tell, since
the next child begins at one again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from skerry_edge.contracts.messages import Event, session_order


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What came of a run: ``lost`` and ``disordered`` say which events, and are empty where all is well."""

    events: int
    duplicates: int
    replayed: int
    lost: tuple[str, ...]
    disordered: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost and all came in order."""
        return not self.lost and not self.disordered


@dataclass(frozen=True, kw_only=True, slots=True)
class LastSent:
    """The last event that a child sent before it was killed: its number, and its time in Unix ms."""

    pipeline: str
    number: int
    ts_ms: int


def judge(arrived: Sequence[Event], accepted_ids: Iterable[str], last_sent: Iterable[LastSent] = ()) -> Verdict:
    """Hold what arrived, in its order, against what was accepted and what killed children had sent."""
    first: dict[str, Event] = {}
    for event in arrived:
        first.setdefault(event.id, event)
    by_pipeline: dict[str, list[Event]] = defaultdict(list)
    for event in first.values():
        if event.kind != "system":
            by_pipeline[event.pipeline].append(event)
    lost = [f"event {one} lay in the outbox and never arrived" for one in accepted_ids if one not in first]
    lost += _tails(first.values(), last_sent)
    for events in by_pipeline.values():
        lost += _gaps(sorted(events, key=_place))
    return Verdict(
        events=len(first),
        duplicates=len(arrived) - len(first),
        replayed=sum(event.replayed for event in first.values()),
        lost=tuple(lost),
        disordered=tuple(line for events in by_pipeline.values() for line in _turns(events)),
    )


def _place(event: Event) -> tuple[int, int]:
    return session_order(event.session), event.seq


def _gaps(events: Sequence[Event]) -> list[str]:
    """Return what is missing in the counts of a pipeline's events, in the order of acceptance."""
    missing, before = [], 0
    for event in events:
        number = int(event.message or 0)
        if number not in (1, before + 1):
            missing.append(f"{event.pipeline}: after event {before} of {event.session} came {number}")
        before = number
    return missing


def _tails(events: Iterable[Event], last_sent: Iterable[LastSent]) -> list[str]:
    """Return whose last event is missing: with it, as many as its count does not show."""
    came = {(one.pipeline, one.message, one.ts) for one in events}
    return [
        f"{one.pipeline}: event {one.number}, the last of a child that was killed, never arrived"
        for one in last_sent
        if (one.pipeline, str(one.number), one.ts_ms) not in came
    ]


def _turns(events: Sequence[Event]) -> list[str]:
    """Return where a pipeline's events arrived in another order than they were accepted in."""
    return [
        f"{later.pipeline}: event {later.seq} of {later.session} came after {earlier.seq} of {earlier.session}"
        for earlier, later in pairwise(events)
        if _place(later) < _place(earlier)
    ]

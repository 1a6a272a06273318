"""Alerts, decided: from readings over time to what fires, what gets worse and what is over.

Pure: no clock, no database. An alert that lasts is one of the registry's rows, and so outlives the process that found
it; what is kept here is only since when a reading has been wrong or well, on the monotonic clock. Whoever takes the
job over finds what fires in the rows, and waits ``for_s`` or ``clear_s`` anew for the rest.

A reading that is not known restarts both waits and changes nothing else. What is no longer read is over. One that
fires again and again must be well for longer each time: see `damped_s`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from skerry_server.alerts.readings import Reading
from skerry_server.alerts.rules import RANK, Rule
from skerry_server.registry.alerts import Cause

FLAP_WINDOW_MS = 3_600_000
"""How far back an alert's earlier firings count."""
LONGEST_CLEAR_S = 3_600.0


class Key(NamedTuple):
    """What an alert is about: of each at most one lasts."""

    rule: str
    device: str | None
    subject: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Open:
    """An alert that lasts, as its row has it."""

    id: int
    severity: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Clocks:
    """Since when (monotonic s) a reading has been wrong before it fires, or well before it is over."""

    wrong_since_s: float | None = None
    well_since_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """Now on the monotonic clock (s), which waits go by, and on the wall clock (Unix ms), which rows go by."""

    mono_s: float
    wall_ms: int


@dataclass(kw_only=True, slots=True)
class Verdict:
    """What to write: what begins, what is worse than its row says (by its number), and what is over."""

    began: list[Cause] = field(default_factory=list)
    worse: dict[int, Cause] = field(default_factory=dict)
    over: list[int] = field(default_factory=list)
    clocks: dict[Key, Clocks] = field(default_factory=dict)


class Memory(NamedTuple):
    """What is known before a look: alerts that last, waits that run, and how often each fired within the window."""

    lasting: Mapping[Key, Open]
    clocks: Mapping[Key, Clocks]
    firings: Mapping[Key, int]


def judge(watched: Iterable[tuple[Rule, Iterable[Reading]]], memory: Memory, now: Moment) -> Verdict:
    """Return what follows from one look at everything that rules watch."""
    verdict = Verdict()
    still_there: set[Key] = set()
    for rule, readings in watched:
        for reading in readings:
            is_wrong = reading.value is not None and rule.fires(reading.value)
            key = Key(rule.name, reading.device, reading.subject)
            lasting = memory.lasting.get(key)
            if lasting is not None:
                still_there.add(key)
                _judge_lasting(verdict, rule, reading, key, lasting, memory, now)
            elif is_wrong:
                _judge_wrong(verdict, rule, reading, key, memory, now)
    verdict.over += [one.id for key, one in memory.lasting.items() if key not in still_there]
    return verdict


def damped_s(clear_s: float, firings: int) -> float:
    """Return how long an alert must be well that fired ``firings`` times within the window: twice as long each time."""
    longest_s = max(clear_s, LONGEST_CLEAR_S)
    return float(min(longest_s, max(clear_s, 60.0) * 2.0 ** min(firings - 1, 20))) if firings > 1 else clear_s


def _judge_wrong(verdict: Verdict, rule: Rule, reading: Reading, key: Key, memory: Memory, now: Moment) -> None:
    known = memory.clocks.get(key)
    since_s = now.mono_s if known is None or known.wrong_since_s is None else known.wrong_since_s
    if reading.since_ms is not None:
        since_s = min(since_s, now.mono_s - (now.wall_ms - reading.since_ms) / 1000.0)
    if now.mono_s - since_s >= rule.for_s:
        verdict.began.append(_cause(rule, reading, firings=memory.firings.get(key, 0) + 1))
    else:
        verdict.clocks[key] = Clocks(wrong_since_s=since_s)


def _judge_lasting(
    verdict: Verdict, rule: Rule, reading: Reading, key: Key, lasting: Open, memory: Memory, now: Moment
) -> None:
    value = reading.value
    if value is None:
        return
    if rule.fires(value):
        if RANK[rule.severity_of(value)] > RANK[lasting.severity]:
            verdict.worse[lasting.id] = _cause(rule, reading, firings=memory.firings.get(key, 1))
    elif rule.clears(value):
        known = memory.clocks.get(key)
        since_s = now.mono_s if known is None or known.well_since_s is None else known.well_since_s
        if now.mono_s - since_s >= damped_s(rule.clear_s, memory.firings.get(key, 1)):
            verdict.over.append(lasting.id)
        else:
            verdict.clocks[key] = Clocks(well_since_s=since_s)


def _cause(rule: Rule, reading: Reading, *, firings: int) -> Cause:
    assert reading.value is not None  # noqa: S101  # only what is known fires
    detail = rule.tell(reading.value)
    if reading.note:
        detail = f"{reading.note}; {detail}" if not rule.kind.is_switch else reading.note
    if firings > 1:
        detail = f"{detail}; fired {firings} times within an hour"
    return Cause(
        rule=rule.name,
        device=reading.device,
        subject=reading.subject,
        severity=rule.severity_of(reading.value),
        value=None if rule.kind.is_switch else reading.value,
        detail=detail,
    )

"""What is known to be there, and its end when the child that saw it is gone."""

from __future__ import annotations

from msgspec.structs import replace

from skerry_edge.agent.children.sightings import LOST_WITH_CHILD, Sightings
from skerry_edge.agent.line.protocol import Counts, Finding

CAR = Finding(
    kind="detection",
    label="car",
    ts=1000,
    decided_ns=1,
    score=0.5,
    box=(0.1, 0.1, 0.2, 0.2),
    phase="begin",
    track="a-1",
    began=1000,
    zones=("drive",),
    snapshot=b"\xff\xd8\xff",
    latency_ms=4.0,
)


def test_what_was_there_when_the_child_went_ends_with_the_reason() -> None:
    sightings = Sightings()
    sightings.note(CAR)
    sightings.note(replace(CAR, phase="update", score=0.9, ts=1500))
    (end,) = sightings.end_all(ts_ms=2000, decided_ns=7)
    assert (end.phase, end.track, end.label, end.score, end.ts, end.began) == ("end", "a-1", "car", 0.9, 2000, 1000)
    assert (end.zones, end.message, end.snapshot, end.latency_ms) == ((), LOST_WITH_CHILD, None, None)
    assert end.before is not None
    assert end.before.zones == ("drive",)
    assert sightings.end_all(ts_ms=2000, decided_ns=7) == []


def test_what_has_ended_and_what_does_not_last_needs_no_end() -> None:
    sightings = Sightings()
    sightings.note(CAR)
    sightings.note(replace(CAR, phase="end"))
    sightings.note(Finding(kind="system", label="source-error", ts=1, decided_ns=1))
    assert sightings.end_all(ts_ms=2000, decided_ns=7) == []


def test_counts_are_known_only_while_the_child_lives() -> None:
    sightings = Sightings()
    counts = Counts(everywhere={"car": 1}, zones={})
    sightings.note(counts)
    assert sightings.counts == counts
    sightings.end_all(ts_ms=1, decided_ns=1)
    assert sightings.counts is None

"""What a recommendation says: plain values, in JSON as they stand here; what is not known is null."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from skerry_edge.bench.speed.result import Keyed, Machine

SCHEMA = 1

Quantile = Literal["p50", "p90", "p95", "p99", "max"]
Outcome = Literal["picked", "provisional", "none"]
Kind = Literal["not measured", "accuracy", "board", "memory", "fps", "drop"]


class Wanted(Struct, frozen=True, kw_only=True):
    """What a variant must do: so many frames a second, and lose at most so many points of AP50."""

    fps: float
    max_drop_points: float
    quantile: Quantile
    board: str | None

    @property
    def limit_ms(self) -> float:
        """The time that a frame may take."""
        return 1e3 / self.fps


class Drop(Struct, frozen=True, kw_only=True):
    """Points of AP50 (hundredths) lost against the reference, with a 95 % interval where there is one."""

    points: float
    low: float | None
    high: float | None


class Problem(Struct, frozen=True, kw_only=True):
    """Why a candidate is out; ``words`` go on after its name."""

    kind: Kind
    words: str


class Candidate(Keyed, frozen=True, kw_only=True):
    """One row of a benchmark, judged. ``latency_ms`` is the quantile that was asked for, end to end; AP50 is a share.

    One without ``problems`` meets all that is wanted; ``cautions`` are what is not certain about it. ``why_not`` tells
    what speaks for the pick instead, and is null for the pick itself and where there is none.
    """

    latency_ms: float | None
    p50_ms: float | None
    ap50: float | None
    drop: Drop | None
    peak_memory_mb: float | None
    size_bytes: int | None
    disturbed: tuple[str, ...]
    problems: tuple[Problem, ...]
    cautions: tuple[str, ...]
    on_front: bool = False
    why_not: str | None = None

    @property
    def kinds(self) -> set[Kind]:
        """The kinds of its problems."""
        return {one.kind for one in self.problems}


class Concession(Struct, frozen=True, kw_only=True):
    """What would have to give for a candidate to do: a lower ``fps``, a larger ``drop_points``, or else the board."""

    row: str
    fps: float | None
    drop_points: float | None
    words: str


class AccuracySource(Struct, frozen=True, kw_only=True):
    """Where the drops are from, and what they are held against."""

    source: str
    images: int
    reference: str
    reference_ap50: float


class Recommendation(Struct, frozen=True, kw_only=True):
    """The answer. ``pick`` is the name of a candidate; "provisional": its speed is not known on the board asked for."""

    schema: Annotated[int, Meta(ge=1)]
    kind: Literal["skerry-recommend"]
    model: str
    version: str
    wanted: Wanted
    outcome: Outcome
    pick: str | None
    reason: str
    concessions: tuple[Concession, ...]
    candidates: tuple[Candidate, ...]
    accuracy: AccuracySource
    machine: Machine
    """What the times were measured on."""
    measured_by: str
    elsewhere: bool
    """Whether that is another machine than the board that was asked for."""

    @property
    def picked(self) -> Candidate | None:
        """The candidate that is the pick."""
        return next((one for one in self.candidates if one.name == self.pick), None)

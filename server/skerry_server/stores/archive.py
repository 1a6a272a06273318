"""The second seam to a time-series store: long ranges in windows, letting go of what is old, forgetting a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from skerry_server.stores.base import MAX_TIME_NS, TAGS, Measurement, Point, Store

Aggregate = Literal["mean", "min", "max", "last"]
NS_PER_S = 1_000_000_000
ROLLUP_STEP_NS = 300 * NS_PER_S
"""The windows of roll-ups: 5 minutes, counted from 1970."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowQuery:
    """What is wanted of each window of ``step_ns``, for each series apart, from ``start_ns`` up to but not ``stop_ns``.

    Windows are counted from 1970, so the first may begin before ``start_ns``; of each series and window there is one
    point at the window's begin. ``fields`` are those wanted, all where there are none. The newest ``limit`` points
    are meant.

    ``by`` names tags of the measurement: series that have these in common are taken together, and the points have no
    other tags. For their mean, some stores let each point count the same, and others each series.
    """

    measurement: Measurement
    step_ns: int
    aggregate: Aggregate = "mean"
    fields: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    start_ns: int = 0
    stop_ns: int = MAX_TIME_NS
    limit: int = 10_000

    def __post_init__(self) -> None:
        """Raise ValueError for windows without a length, and for series that cannot be taken together."""
        if self.step_ns <= 0:
            raise ValueError(f"windows must have a length; found step_ns {self.step_ns}")
        if not set(self.by) <= set(TAGS[self.measurement]):
            raise ValueError(f"'{self.measurement}' has the tags {TAGS[self.measurement]}; found {self.by}")
        if self.by and self.aggregate == "last":
            raise ValueError("series that are taken together have no last value")


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """How long points are kept as they came, and how long their roll-ups."""

    raw_ns: int
    rollup_ns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Tended:
    """What one step of upkeep did, in words, and whether another would find work.

    Everything before ``rolled_until_ns`` is rolled up, None where the store does that itself or not at all.
    """

    detail: str
    is_done: bool
    rolled_until_ns: int | None = None


class Archive(Protocol):
    """What the API and the scheduler ask of a time-series store. All methods may be called from any thread."""

    def windows(self, query: WindowQuery) -> list[Point]:
        """Return one point for each series and window that has any, newest first.

        Where points are no longer kept as they came, windows are of ROLLUP_STEP_NS or a multiple of it. Raises
        StoreError, and TooWideError where answering would take too long or too much memory.
        """
        ...

    def tend(self, retention: Retention, *, now_ns: int) -> Tended:
        """Do one bounded step of roll-up and retention. Raises StoreError and UnableStoreError."""
        ...

    def erase(self, tags: Mapping[str, str]) -> None:
        """Forget all points and roll-ups that have all of ``tags``, of which there must be one.

        Raises StoreError and UnableStoreError.
        """
        ...


class TimeSeriesStore(Store, Archive, Protocol):
    """A whole time-series store."""

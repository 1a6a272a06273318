"""The seam to every time-series store: what a point is, how stored points are asked for, and what can fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Measurement = Literal["heartbeat", "inference"]
TAGS: dict[str, tuple[str, ...]] = {
    "heartbeat": ("site", "device", "board"),
    "inference": ("site", "device", "pipeline", "model"),
}
"""The tags of each measurement; whatever else a point has is a field, and a field is a number."""
MAX_TIME_NS = 2**63 - 2**20
"""Above this, stores that keep nanoseconds in 64 bits overflow (the year 2262)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """Numbers of one device at one moment; a point with the same measurement, tags and time replaces it."""

    measurement: Measurement
    tags: Mapping[str, str]
    fields: Mapping[str, float]
    time_ns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """Which points are wanted: those with all of ``tags``, from ``start_ns`` up to but not at ``stop_ns``.

    The newest ``limit`` of them are meant.
    """

    measurement: Measurement
    tags: Mapping[str, str] = field(default_factory=dict)
    start_ns: int = 0
    stop_ns: int = MAX_TIME_NS
    limit: int = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreInfo:
    """What a probe found: the product, its version, and where it is, without secrets."""

    product: str
    version: str
    where: str


class Store(Protocol):
    """A time-series store. All methods may be called from any thread."""

    def probe(self) -> StoreInfo:
        """Ask the store who it is and make it ready to be written to. Raises StoreError."""
        ...

    def write(self, points: Sequence[Point]) -> None:
        """Return when all points are durable. Raises StoreError, or RefusedPointsError where a retry cannot help."""
        ...

    def query(self, query: Query) -> list[Point]:
        """Return matching points, newest first. Raises StoreError."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...

"""The seam to every time-series store: what a point is, how stored points are asked for, and what can fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from msgspec import Struct

Measurement = Literal["heartbeat", "inference"]
TAGS: dict[str, tuple[str, ...]] = {
    "heartbeat": ("site", "device", "board"),
    "inference": ("site", "device", "pipeline", "model"),
}
"""The tags of each measurement; whatever else a point has is a field, and a field is a number."""
MAX_TIME_NS = 2**63 - 2**20
"""Above this, stores that keep nanoseconds in 64 bits overflow (the year 2262)."""

Ability = Literal["retention", "rollup", "erase"]
"""What our scheduler may ask of a store: to let go of what is old, to keep summaries of it, to forget a device."""


# A struct and no dataclass: ingest makes several for each message, and a frozen dataclass takes six times as long.
class Point(Struct, frozen=True, kw_only=True, gc=False):
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
    """What a probe found: the product, its version, and where it is, without secrets.

    ``durable_after_s`` is how long what the store acknowledged may still be only in its memory; 0 where it
    acknowledges what is on disk. ``can`` is what the scheduler may ask of it, ``remarks`` what an operator should
    know of it, one sentence each. ``started_ms`` is when its process began (Unix ms), None where it does not say.
    """

    product: str
    version: str
    where: str
    durable_after_s: float = 0.0
    can: frozenset[Ability] = frozenset()
    remarks: tuple[str, ...] = ()
    started_ms: int | None = None


class Store(Protocol):
    """A time-series store, as ingest needs it.

    All methods may be called from any thread, and beside themselves: a replay writes while live traffic does.
    """

    def probe(self) -> StoreInfo:
        """Ask the store who it is and make it ready to be written to. Raises StoreError and ConfigError."""
        ...

    def write(self, points: Sequence[Point]) -> None:
        """Return when all points are stored, and durable after the ``durable_after_s`` of the probe.

        Raises RefusedPointsError, naming those that the store will never take, when all others are stored; StoreError
        where nothing is known to be stored and the same write is to be tried again.
        """
        ...

    def query(self, query: Query) -> list[Point]:
        """Return matching points, newest first. Raises StoreError."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...

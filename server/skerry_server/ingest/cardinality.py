"""The cardinality guard: how many different tag values and field names the time-series store is given.

The number of devices is the registry's to bound, since all workers share it; what one device brings is bounded here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from skerry_server.config.limits import Limits
from skerry_server.stores.base import Point

Kind = Literal["series", "board", "model", "field", "own field"]
SHARED: tuple[Kind, ...] = ("board", "model", "field")
_WORDS = {
    "series": "series of this device",
    "board": "boards",
    "model": "models",
    "field": "names of fields",
    "own field": "names of fields that this device brought",
}
MAX_LAYOUTS = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Excess:
    """Why a message is refused: it brings a ``value`` beyond the ``limit`` of its kind."""

    kind: Kind
    value: str
    limit: int

    def __str__(self) -> str:
        """Return the reason in words."""
        return f"the store has {self.limit} {_WORDS[self.kind]}, which is the limit; found {self.value!r} as another"


class DeviceSeries(Protocol):
    """What is remembered of a device: a hash of the tags of each series, and how many fields it was first with."""

    series: tuple[int, ...]
    fields_brought: int


class CardinalityGuard:
    """Knows the values that this worker gave to the store; for one thread at a time.

    What it knows ends with the process, and each worker knows its own: the limits hold against a device that makes up
    names without end, not to the last one.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits: dict[Kind, int] = {
            "series": limits.series_per_device,
            "board": limits.boards,
            "model": limits.models,
            "field": limits.fields,
            "own field": limits.fields_per_device,
        }
        self._shared: dict[Kind, set[str]] = {kind: set() for kind in SHARED}
        self._layouts: set[tuple[str, ...]] = set()

    def admit(self, device: DeviceSeries, points: Sequence[Point]) -> Excess | None:
        """Return None where the store may have the ``points`` of one message; else why not, and learn nothing."""
        for point in points:
            if hash(tuple(point.tags.values())) not in device.series or tuple(point.fields) not in self._layouts:
                return self._judge(device, points)
        return None

    def counts(self) -> dict[Kind, int]:
        """Return how many values are known of each kind that all devices share."""
        return {kind: len(values) for kind, values in self._shared.items()}

    def _judge(self, device: DeviceSeries, points: Sequence[Point]) -> Excess | None:
        series = {hash(tuple(point.tags.values())): point for point in points}
        new = series.keys() - set(device.series)
        if new and len(device.series) + len(new) > self._limits["series"]:
            tags = series[next(iter(new))].tags
            return Excess(kind="series", value=" ".join(tags.values()), limit=self._limits["series"])
        found: dict[Kind, set[str]] = {kind: set(_values(kind, points)) - self._shared[kind] for kind in SHARED}
        for kind, values in found.items():
            # What is known passes even past the limit: it costs the store nothing more.
            if values and len(self._shared[kind]) + len(values) > self._limits[kind]:
                return Excess(kind=kind, value=min(values), limit=self._limits[kind])
        own = device.fields_brought + len(found["field"])
        # Boards and models are bounded by the device's series.
        if found["field"] and own > self._limits["own field"]:
            return Excess(kind="own field", value=min(found["field"]), limit=self._limits["own field"])
        for kind, values in found.items():
            self._shared[kind] |= values
        device.series += tuple(new)
        device.fields_brought = own
        if len(self._layouts) >= MAX_LAYOUTS:
            self._layouts.clear()
        self._layouts.update(tuple(point.fields) for point in points)
        return None


def _values(kind: Kind, points: Iterable[Point]) -> Iterable[str]:
    for point in points:
        if kind == "field":
            yield from point.fields
        elif kind in point.tags:
            yield point.tags[kind]

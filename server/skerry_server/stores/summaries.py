"""Points of a window summed up field by field: how many, their mean, least, greatest and last value."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from skerry_server.stores.archive import Aggregate


@dataclass(kw_only=True, slots=True)
class Summary:
    """One field over one window; times are in ns."""

    count: int
    mean: float
    min: float
    max: float
    last: float
    last_ns: int

    def add(self, other: Summary) -> None:
        """Take ``other`` in, as if its values had been summed up here."""
        count = self.count + other.count
        self.min = min(self.min, other.min)
        self.max = max(self.max, other.max)
        # By steps and not by the sum, which overflows for large values; and where a step does, by shares.
        share = other.count / count
        step = other.mean - self.mean
        mean = self.mean + step * share if math.isfinite(step) else self.mean * (1 - share) + other.mean * share
        self.mean = min(max(mean, self.min), self.max)
        self.count = count
        if other.last_ns >= self.last_ns:
            self.last, self.last_ns = other.last, other.last_ns

    def value(self, aggregate: Aggregate) -> float:
        """Return the value asked for."""
        return {"mean": self.mean, "min": self.min, "max": self.max, "last": self.last}[aggregate]


Summaries = dict[str, Summary]
"""The fields of one series in one window, by name."""


def take_in(summaries: Summaries, fields: Iterable[tuple[str, Summary]]) -> None:
    """Add each field of ``fields`` to that of the same name."""
    for name, other in fields:
        mine = summaries.get(name)
        if mine is None:
            summaries[name] = other
        else:
            mine.add(other)


def of_point(fields: Mapping[str, float], time_ns: int) -> Iterable[tuple[str, Summary]]:
    """Return each field of a point as the summary of one value."""
    for name, value in fields.items():
        yield name, Summary(count=1, mean=value, min=value, max=value, last=value, last_ns=time_ns)

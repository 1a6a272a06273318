"""What is usual: the upper end of a sample by median and robust spread, and how far one mean is from another. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

MIN_SAMPLE = 30
"""Fewer values tell no median that an alert could stand on."""
DEVIATIONS = 3.0
MAD_TO_SIGMA = 1.4826
"""A median absolute deviation times this is the standard deviation of what is normally distributed.

Rousseeuw and Croux, "Alternatives to the Median Absolute Deviation", JASA 88 (1993), section 1."""
MIN_SCORES_NOW = 100
MIN_SCORES_BEFORE = 500


def upper_end(values: Sequence[float]) -> float | None:
    """Return the median of ``values`` plus three robust standard deviations, None where there are too few."""
    if len(values) < MIN_SAMPLE:
        return None
    median = statistics.median(values)
    mad = statistics.median(abs(value - median) for value in values)
    return median + DEVIATIONS * MAD_TO_SIGMA * mad


def thinned(values: Sequence[float], most: int) -> list[float]:
    """Return at most ``most`` of ``values`` that are spread over them as all are: every n-th in rising order."""
    ordered = sorted(values)
    if len(ordered) <= most:
        return ordered
    return [ordered[(2 * index + 1) * len(ordered) // (2 * most)] for index in range(most)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """How many scores there were, and their sum."""

    count: int = 0
    total: float = 0.0

    def __add__(self, other: Scores) -> Scores:
        """Return both together."""
        return Scores(count=self.count + other.count, total=self.total + other.total)

    @property
    def mean(self) -> float:
        """Their mean; there must be one."""
        return self.total / self.count


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """The mean score of now and that of the past."""

    now: float
    before: float


def drift(now: Scores, before: Scores) -> Drift | None:
    """Return both means, None where one of them stands on too little."""
    if now.count < MIN_SCORES_NOW or before.count < MIN_SCORES_BEFORE:
        return None
    return Drift(now=now.mean, before=before.mean)

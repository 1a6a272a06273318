"""Exact intervals of what was counted: a share of trials, and a rate; no approximation, so few or none are no trap."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
_HALVINGS = 200
"""More than a float64 has bits between its smallest and largest exponent here: the search ends on neighbours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """Both ends of an interval."""

    low: float
    high: float


def binomial_bounds(successes: int, trials: int, *, confidence: float = CONFIDENCE) -> Bounds:
    """Return the interval of a success's probability (Clopper and Pearson 1934). Raises ValueError for no trials."""
    if not 0 <= successes <= trials or not trials:
        raise ValueError(f"{successes} successes in {trials} trials")
    tail = (1 - confidence) / 2

    def at_most(count: int) -> Callable[[float], float]:
        # log of "trials over k", k = 0 to count
        steps = np.arange(1, count + 1)
        ways = np.concatenate(([0.0], np.cumsum(np.log(trials + 1 - steps) - np.log(steps))))
        hits = np.arange(count + 1)
        return lambda share: _total(ways + hits * math.log(share) + (trials - hits) * math.log1p(-share))

    low = _where_falls_to(1 - tail, at_most(successes - 1), 1.0) if successes else 0.0
    high = _where_falls_to(tail, at_most(successes), 1.0) if successes < trials else 1.0
    return Bounds(low=low, high=high)


def poisson_bounds(count: int, *, confidence: float = CONFIDENCE) -> Bounds:
    """Return the interval of the expected number where ``count`` were counted (Garwood 1936); over a time, of a rate.

    Raises ValueError for a negative count.
    """
    if count < 0:
        raise ValueError(f"a count of {count}")
    tail = (1 - confidence) / 2

    def at_most(count: int) -> Callable[[float], float]:
        numbers = np.arange(count + 1)
        factorials = np.concatenate(([0.0], np.cumsum(np.log(numbers[1:]))))
        return lambda expected: _total(numbers * math.log(expected) - expected - factorials)

    beyond = 20 + 2 * count - 20 * math.log(tail)
    low = _where_falls_to(1 - tail, at_most(count - 1), beyond) if count else 0.0
    return Bounds(low=low, high=_where_falls_to(tail, at_most(count), beyond))


def _total(logarithms: NDArray[Any]) -> float:
    return float(np.exp(logarithms).sum())


def _where_falls_to(level: float, falling: Callable[[float], float], high: float) -> float:
    """Return where a function that falls over 0 to ``high`` has a value, to the last bit."""
    low = 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if falling(middle) > level else (low, middle)
    return high

"""Timing of alternatives in turn, so that what else the machine does falls on all of them alike."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence

Times = dict[str, list[float]]


def in_turn(alternatives: dict[str, Callable[[], object]], rounds: int, warm_up: int = 5) -> Times:
    """Call each alternative once a round, A B A B …; return the seconds of each by name."""
    for _ in range(warm_up):
        for call in alternatives.values():
            call()
    times: Times = {name: [] for name in alternatives}
    for _ in range(rounds):
        for name, call in alternatives.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return times


def ratio(times: Times, of: str, to: str) -> float:
    """Return the median of the ratios within each round."""
    return statistics.median(one / other for one, other in zip(times[of], times[to], strict=True))


def median_ms(times: Times, name: str) -> float:
    """Return the median of one alternative in milliseconds."""
    return statistics.median(times[name]) * 1e3


def program(arguments: Sequence[str]) -> Callable[[], str]:
    """Return a call that runs a program to its end and returns its standard output."""

    def run() -> str:
        return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout

    return run

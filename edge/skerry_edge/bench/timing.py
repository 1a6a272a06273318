"""Stage timings over a bounded window and their quantiles: the timing schema of heartbeats and benchmarks."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from skerry_edge.contracts.messages import STAGES, Quantiles

WINDOW = 1024


class StageTimer:
    """Collects milliseconds by stage, at most ``WINDOW`` values each; only names from STAGES are taken."""

    def __init__(self) -> None:
        self._values: dict[str, deque[float]] = {stage: deque(maxlen=WINDOW) for stage in STAGES}

    def add(self, stage: str, elapsed_ms: float) -> None:
        """Record one value. Raises KeyError for a stage outside the schema."""
        self._values[stage].append(elapsed_ms)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Time the body as one value of ``stage``; a body that raises is not recorded."""
        start = time.perf_counter()
        yield
        self.add(stage, (time.perf_counter() - start) * 1e3)

    def last(self) -> dict[str, float]:
        """Return the newest value of each stage that has one, in milliseconds."""
        return {stage: values[-1] for stage, values in self._values.items() if values}

    def take(self) -> dict[str, Quantiles]:
        """Return the quantiles of each stage that has values, and begin a new window."""
        taken = {stage: quantiles(list(values)) for stage, values in self._values.items() if values}
        for values in self._values.values():
            values.clear()
        return taken


def quantiles(values_ms: list[float]) -> Quantiles:
    """Return p50, p95 and p99 by the nearest-rank method. Raises ValueError for no values."""
    ordered = sorted(values_ms)
    return Quantiles(p50=nearest_rank(ordered, 50), p95=nearest_rank(ordered, 95), p99=nearest_rank(ordered, 99))


def nearest_rank(ordered: Sequence[float], percent: int) -> float:
    """Return the smallest of ascending values that at least ``percent`` % of them do not exceed.

    Raises ValueError for no values.
    """
    if not ordered:
        raise ValueError("no values to take quantiles of")
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]

"""How many calls to run next, and when there have been enough: decisions from times alone, no clock in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

BLOCK_S = 0.25
"""Long against the machine's jitter, short enough to have twenty in five seconds."""
MOST_CALLS = 100_000
MOST_WARM_UP_S = 20.0
_SETTLED_BLOCKS, _SETTLED_WITHIN = 3, 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Amount:
    """How much to measure: both at least."""

    calls: int = 100
    duration_s: float = 3.0

    def share_done(self, calls: int, elapsed_s: float) -> float:
        """Return how much of it is done, 1 where all is."""
        by_time = min(1.0, elapsed_s / self.duration_s) if self.duration_s else 1.0
        return min(by_time, calls / self.calls)


def calls_for(call_ms: float, duration_s: float = BLOCK_S) -> int:
    """Return how many calls of ``call_ms`` fill ``duration_s``, at least one."""
    return max(1, min(MOST_CALLS, round(duration_s * 1e3 / max(call_ms, 1e-6))))


def is_settled(blocks_ms: Sequence[Sequence[float]]) -> bool:
    """Tell whether the medians of the last three blocks lie within 5 % of each other."""
    last = [median(block) for block in blocks_ms[-_SETTLED_BLOCKS:]]
    return len(last) == _SETTLED_BLOCKS and max(last) <= min(last) * (1 + _SETTLED_WITHIN)

"""How long to wait before the next attempt; pure, so that supervisor and session decide alike."""

from __future__ import annotations

from dataclasses import dataclass

_MAX_DOUBLINGS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Backoff:
    """Doubling waits from ``first_s`` to ``max_s``, of which the share ``chance_share`` is left to chance.

    A half ("equal jitter") suits what concerns one device alone. The whole ("full jitter") spreads a fleet that lost
    its broker at one moment. The terms are those of Brooker, "Exponential Backoff And Jitter" (AWS Architecture
    Blog, 2015).
    """

    first_s: float = 0.5
    max_s: float = 60.0
    chance_share: float = 0.5

    def delay_s(self, failures: int, chance: float) -> float:
        """Return the wait after ``failures`` in a row (at least 1), with ``chance`` uniform in [0, 1)."""
        whole = min(self.max_s, self.first_s * 2.0 ** min(failures - 1, _MAX_DOUBLINGS))
        return whole * (1.0 - self.chance_share + self.chance_share * chance)


def is_worth_logging(failures: int) -> bool:
    """Tell whether failure number ``failures`` in a row is logged: 1, 2, 4, 8 and so on."""
    return failures & (failures - 1) == 0

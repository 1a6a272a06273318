"""When to listen to the broker: not for a while where it keeps sending what is too large, which ends connections."""

from __future__ import annotations

from skerry_edge.foundation.backoff import Backoff

DEAF = Backoff(first_s=60.0, max_s=3600.0)
"""How long nothing is heard after a second packet that was too large. It is retained, most likely: each subscription
brings it again, and each costs what the broker sends until it notices that nobody reads."""
WELL_AFTER_S = 600.0
"""Who has listened for so long is well again: what is too large then is the first of a row."""


class Hearing:
    """Decides over all connections of a session; every time is handed in, in monotonic seconds."""

    def __init__(self) -> None:
        self._deaf_until_s = float("-inf")
        self._began_s = 0.0
        self._in_a_row = 0

    def may_begin(self, now_s: float) -> bool:
        """Tell whether to subscribe now."""
        return now_s >= self._deaf_until_s

    def begins(self, now_s: float) -> None:
        """Note that the device subscribes."""
        self._began_s = now_s

    def overfed(self, now_s: float, chance: float) -> None:
        """Note that a packet was too large; ``chance`` is uniform in [0, 1)."""
        self._in_a_row = 1 if now_s - self._began_s >= WELL_AFTER_S else self._in_a_row + 1
        # The first of a row may be somebody's slip, which the next connection does not bring again.
        if self._in_a_row > 1:
            self._deaf_until_s = now_s + DEAF.delay_s(self._in_a_row - 1, chance)

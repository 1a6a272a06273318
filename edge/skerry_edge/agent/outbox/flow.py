"""How many waiting letters may go out now: a backlog at a measured pace, hardly any where nobody listens."""

from __future__ import annotations

from skerry_edge.foundation.backoff import Backoff

UNHEARD = Backoff(first_s=2.0, max_s=60.0, chance_share=0.5)
"""How soon one event is tried again after a broker had no subscriber for it."""
_NEVER_S = float("inf")


class Flow:
    """Decides for one connection; every time is handed in, in monotonic seconds.

    Letters that waited before the connection began (the backlog) go out at most ``replay_per_s`` a second and with at
    most ``replay_in_flight`` unacknowledged: what has to be seen now finds its way between them. The first event of a
    backlog goes alone, since a subscriber that appears between two would get the second without the first; and while
    nobody subscribes, one letter at a time is tried, ever more seldom.
    """

    def __init__(self, *, replay_per_s: float, replay_in_flight: int, has_backlog: bool, now_s: float) -> None:
        self._per_s = replay_per_s
        self._in_flight = replay_in_flight
        self._allowance = float(replay_in_flight)
        self._counted_s = now_s
        self._is_behind = has_backlog
        self._is_trying = has_backlog
        self._unheard_in_a_row = 0
        self._held_until_s = 0.0

    @property
    def is_held(self) -> bool:
        """Whether the broker has nobody for what this device sends."""
        return self._unheard_in_a_row > 0

    @property
    def is_caught_up(self) -> bool:
        """Whether what waits is fresh and may go out at once."""
        return not self._is_trying and not self._is_behind

    def room(self, now_s: float, under_way: int, limit: int) -> int:
        """Return how many more letters may be sent while ``under_way`` are unacknowledged and ``limit`` more fit."""
        if self._is_trying:
            return min(limit, int(under_way == 0 and now_s >= self._held_until_s))
        if not self._is_behind:
            return limit
        self._refill(now_s)
        return max(0, min(limit, int(self._allowance), self._in_flight - under_way))

    def set_pace(self, *, replay_per_s: float, replay_in_flight: int) -> None:
        """Let a backlog go out at another pace from now on."""
        self._per_s = replay_per_s
        self._in_flight = replay_in_flight

    def sends(self, *, from_backlog: bool) -> None:
        """Note that a letter is sent."""
        self._is_behind = from_backlog
        if from_backlog:
            self._allowance -= 1.0

    def has_sent_all(self) -> None:
        """Note that nothing was left to send but what is under way."""
        self._is_behind = False
        self._is_trying = self.is_held

    def unheard(self, now_s: float, chance: float) -> None:
        """Note that the broker had nobody for an event; ``chance`` is uniform in [0, 1)."""
        self._is_trying = True
        if not self.is_held or now_s >= self._held_until_s:
            self._unheard_in_a_row += 1
            self._held_until_s = now_s + UNHEARD.delay_s(self._unheard_in_a_row, chance)

    def heard(self) -> None:
        """Note that the broker had somebody for an event."""
        self._is_trying = False
        self._unheard_in_a_row = 0

    def due_s(self, now_s: float) -> float:
        """Return when there is room again by the passing of time alone (``inf``: it is not time that is lacking)."""
        if self._is_trying:
            return self._held_until_s if now_s < self._held_until_s else _NEVER_S
        if not self._is_behind or self._allowance >= 1.0:
            return _NEVER_S
        return now_s + (1.0 - self._allowance) / self._per_s

    def _refill(self, now_s: float) -> None:
        earned = (now_s - self._counted_s) * self._per_s
        self._allowance = min(float(self._in_flight), self._allowance + earned)
        self._counted_s = now_s

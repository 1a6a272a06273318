"""When something that is seen becomes an event; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skerry_edge.agent.protocol import Box


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """One thing in one picture; ``box`` as shares of the picture: x_min, y_min, x_max, y_max."""

    label: str
    score: float | None = None
    box: Box | None = None


class AppearanceRule:
    """A label is reported when it appears, and not again until it was absent for more than ``hold_s``."""

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._last_seen_s: dict[str, float] = {}

    def judge(self, sightings: Sequence[Sighting], now_s: float) -> list[Sighting]:
        """Take one picture's sightings and return those to report: the best-scored of each label that appeared.

        ``now_s`` never falls from one call to the next.
        """
        best: dict[str, Sighting] = {}
        for one in sightings:
            if one.label not in best or (one.score or 0.0) > (best[one.label].score or 0.0):
                best[one.label] = one
        appeared = [one for label, one in best.items() if self._is_new(label, now_s)]
        self._last_seen_s.update(dict.fromkeys(best, now_s))
        return appeared

    def _is_new(self, label: str, now_s: float) -> bool:
        last_s = self._last_seen_s.get(label)
        return last_s is None or now_s - last_s > self._hold_s

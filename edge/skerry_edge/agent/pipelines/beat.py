"""The beat of a pipeline whose steps are too short to tell of each."""

from __future__ import annotations

import time
from collections import Counter

from skerry_edge.agent.line.link import Link

LONGEST_S = 0.5
_BEATS_A_DEADLINE = 4


class Beat:
    """Adds up what was done and tells the parent of it every ``LONGEST_S``, more often where the deadline is short."""

    def __init__(self, link: Link, *, deadline_s: float) -> None:
        self._link = link
        self._interval_s = min(LONGEST_S, deadline_s / _BEATS_A_DEADLINE)
        self._due_s = time.monotonic()
        self._frames = 0
        self._unjudged = 0
        self._drops: Counter[str] = Counter()
        self._stages_ms: dict[str, float] = {}

    def add(
        self,
        *,
        frames: int = 0,
        unjudged: int = 0,
        drops: dict[str, int] | None = None,
        stages_ms: dict[str, float] | None = None,
    ) -> None:
        """Add one step; of its timings only those of the last step before a beat are told, which is a fair sample."""
        self._frames += frames
        self._unjudged += unjudged
        self._drops.update(drops or {})
        self._stages_ms = stages_ms or {}
        if time.monotonic() >= self._due_s:
            self.send()

    def send(self) -> None:
        """Tell of what was done since the last beat, now."""
        self._link.progress(
            frames=self._frames, unjudged=self._unjudged, drops=dict(self._drops), stages_ms=self._stages_ms
        )
        self._due_s = time.monotonic() + self._interval_s
        self._frames = self._unjudged = 0
        self._drops.clear()
        self._stages_ms = {}

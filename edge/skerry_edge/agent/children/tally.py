"""What a pipeline has done since it was set up: sums that nobody takes away, for who judges its model."""

from __future__ import annotations

import statistics
from collections import deque

from skerry_edge.agent.line.blame import Blame
from skerry_edge.agent.line.protocol import Finding, Progress

_TIMES = 200
"""The newest inferences are enough for a median."""
IDLE_CAUSES = frozenset({"no-motion"})
"""Frames that nobody needed to look at are not lost."""


class Tally:
    """Counts; times are on the monotonic clock, in seconds."""

    def __init__(self) -> None:
        self.frames = 0
        self.errors = 0
        self.drops = 0
        self.findings = 0
        self.crashes = 0
        self.hangs = 0
        self.why = ""
        """How its child ended last."""
        self.frame_s: float | None = None
        """When the last frame was done."""
        self._inferences_ms: deque[float] = deque(maxlen=_TIMES)

    @property
    def inference_ms(self) -> float | None:
        """The median of the newest inferences, None without one."""
        return statistics.median(self._inferences_ms) if self._inferences_ms else None

    def progress(self, report: Progress, now_s: float) -> None:
        """Add what was judged; of a picture that nothing moved in, or of muted sound, it counts that it came."""
        idle = sum(count for cause, count in report.drops.items() if cause in IDLE_CAUSES)
        self.frames += report.frames - report.unjudged
        self.errors += report.errors
        self.drops += sum(report.drops.values()) - idle
        if report.frames or idle:
            self.frame_s = now_s
        if "inference" in report.stages_ms:
            self._inferences_ms.append(report.stages_ms["inference"])

    def find(self, finding: Finding) -> None:
        """Add an object or a word that was told of for the first time."""
        if finding.kind != "system" and finding.phase in ("instant", "begin"):
            self.findings += 1

    def fail(self, blame: Blame, reason: str) -> None:
        """Add an end of its child; what came from elsewhere, as from its camera, is not the model's."""
        if blame == "hang":
            self.hangs += 1
        elif blame != "elsewhere":
            self.crashes += 1
        self.why = reason

"""What a pipeline's children have told: vitals and pictures until they are fetched, sightings until the child ends."""

from __future__ import annotations

import time
from collections.abc import Callable

from skerry_edge.agent.children.sightings import Sightings
from skerry_edge.agent.children.tally import Tally
from skerry_edge.agent.children.vitals import VitalsCollector
from skerry_edge.agent.config.pipelines import PipelineConfig
from skerry_edge.agent.line.protocol import Counts, Finding, Picture, Progress, Ready, Report, SourceState
from skerry_edge.foundation.wall_clock import unix_ms

_MAX_REASON_CHARS = 500


class Account:
    """Takes a pipeline's reports and passes findings on; ``source_trouble`` is why its source gives nothing."""

    def __init__(
        self, pipeline: PipelineConfig, *, is_muted: Callable[[], bool], on_finding: Callable[[Finding], None]
    ) -> None:
        self.vitals = VitalsCollector(pipeline)
        self.tally = Tally()
        self.source_trouble: str | None = None
        self._sightings = Sightings()
        self._pictures: list[Picture] = []
        self._is_muted = is_muted
        self._on_finding = on_finding

    @property
    def counts(self) -> Counts | None:
        """How many objects are there now, None where nothing is known."""
        return self._sightings.counts if self.source_trouble is None else None

    def take(self, report: Report) -> None:
        """Take what a child reported of its work; how it lives and ends is for others."""
        if isinstance(report, Ready):
            self.vitals.ready(report)
        elif isinstance(report, Progress):
            self.vitals.progress(report)
            self.tally.progress(report, time.monotonic())
        elif isinstance(report, Finding):
            self._find(report)
        elif isinstance(report, Counts):
            self._sightings.note(report)
        elif isinstance(report, SourceState):
            self.source_trouble = None if report.reason is None else report.reason[:_MAX_REASON_CHARS]
        elif isinstance(report, Picture):
            self._pictures.append(report)

    def take_pictures(self) -> list[Picture]:
        """Return the pictures that came since the last call."""
        taken, self._pictures = self._pictures, []
        return taken

    def forget_child(self) -> None:
        """End what only the child knew: what it saw is not known to be there any more."""
        self.source_trouble = None
        for end in self._sightings.end_all(ts_ms=unix_ms(), decided_ns=time.monotonic_ns()):
            self._on_finding(end)

    def _find(self, finding: Finding) -> None:
        if finding.kind == "wakeword" and self._is_muted():
            return  # decided before the child knew
        self._sightings.note(finding)
        self.tally.find(finding)
        self._on_finding(finding)

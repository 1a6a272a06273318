"""What a pipeline did since the last heartbeat, collected in the parent."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath
from typing import Literal

from skerry_edge.agent.children.usage import UsageMeter
from skerry_edge.agent.config.pipelines import PipelineConfig
from skerry_edge.agent.line.protocol import Progress, Ready
from skerry_edge.bench.timing import StageTimer
from skerry_edge.contracts.messages import MAX_DROP_CAUSES, OTHER_CAUSE, STAGES, PipelineVitals

UNKNOWN = "unknown"
MAX_CAUSE_CHARS = 32


class VitalsCollector:
    """Adds up one pipeline's progress reports; it outlives the pipeline's children."""

    def __init__(self, pipeline: PipelineConfig) -> None:
        self._name = pipeline.name
        self.model = PurePath(getattr(pipeline, "model", pipeline.name)).name[:128]
        self.model_version = UNKNOWN
        self._backend = UNKNOWN
        self._frames = 0
        self._errors = 0
        self._drops: Counter[str] = Counter()
        self._timer = StageTimer()
        self._meter = UsageMeter()

    def ready(self, report: Ready) -> None:
        """Note which model runs, and on what."""
        self.model, self.model_version, self._backend = report.model, report.model_version, report.backend

    def progress(self, report: Progress) -> None:
        """Add what was done since the last report."""
        self._frames += report.frames
        self._errors += report.errors
        for cause, count in report.drops.items():
            self._drops[self._cause(cause)] += count
        for stage in STAGES:
            if stage in report.stages_ms:
                self._timer.add(stage, report.stages_ms[stage])

    def published(self, elapsed_ms: float) -> None:
        """Add the time from a decision to the event's acceptance."""
        self._timer.add("publish", round(elapsed_ms, 3))

    def take(self, state: Literal["starting", "running", "failing", "ended"], pid: int | None = None) -> PipelineVitals:
        """Return the window since the last call, and begin a new one; ``pid`` is the child's while there is one."""
        usage = self._meter.look(pid)
        vitals = PipelineVitals(
            name=self._name,
            model=self.model,
            model_version=self.model_version,
            backend=self._backend,
            state=state,
            frames=self._frames,
            errors=self._errors,
            drops=dict(self._drops),
            stages_ms=self._timer.take(),
            cpu_percent=usage.cpu_percent,
            memory_mb=usage.memory_mb,
        )
        self._frames = self._errors = 0
        self._drops.clear()
        return vitals

    def _cause(self, cause: str) -> str:
        """Return what ``cause`` counts as: a child's words must not make a heartbeat outgrow the contract."""
        told_apart = cause in self._drops or len(self._drops) < MAX_DROP_CAUSES - 1
        return cause if told_apart and len(cause) <= MAX_CAUSE_CHARS else OTHER_CAUSE

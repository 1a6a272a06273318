"""How a pipeline's children are opened: with which backend, at which log level, and what is known of their loading."""

from __future__ import annotations

import os

from msgspec.structs import replace

from skerry_edge.agent.children.attempt import Attempt, OnEnd, OnReport
from skerry_edge.agent.children.hosts import Hosts
from skerry_edge.agent.children.load_times import LoadTimes
from skerry_edge.agent.config.pipelines import DetectionPipeline, PipelineConfig
from skerry_edge.agent.line.protocol import Start
from skerry_edge.backends.choice import choose_variant
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.models.catalogue import resolve_model


class Opener:
    """Opens the children of one pipeline; ``log_level`` holds for those to come."""

    def __init__(self, pipeline: PipelineConfig, *, log_level: str, hosts: Hosts, load_times: LoadTimes) -> None:
        self.log_level = log_level
        self._pipeline = pipeline
        self._hosts = hosts
        self._load_times = load_times

    def open(self, backend: str | None, on_report: OnReport, on_end: OnEnd, *, stands_by: bool) -> Attempt:
        """Start a child on ``backend``, None where it is the model's own choice. Raises OSError."""
        # Chosen here, and not by the child: an accelerator that serves one process must be known before there is one.
        chosen = own_choice(self._pipeline) if backend is None else backend
        pipeline = self._pipeline if chosen is None else replace(self._pipeline, backends=(chosen,))
        start = Start(pipeline=pipeline, log_level=self.log_level, stands_by=stands_by)
        usual_s = self._load_times.usual_s(self._load(backend))
        return Attempt(start, chosen, self._hosts, usual_s=usual_s, on_report=on_report, on_end=on_end)

    def note_loaded(self, backend: str | None, attempt: Attempt) -> None:
        """Learn from a child that has become ready."""
        self._load_times.note(self._load(backend), attempt.loading_took_s)

    def note_hung(self, backend: str | None) -> None:
        """Learn from a child that was taken for hung while it loaded."""
        self._load_times.note_hung(self._load(backend))

    def _load(self, backend: str | None) -> str:
        return f"{self._pipeline.loads} on {backend or 'its own choice'}"


def own_choice(pipeline: PipelineConfig) -> str | None:
    """Return the backend that a pipeline's model chooses here.

    None where the pipeline has no backends, and where none can be chosen: its child finds the same, and says why.
    """
    if not isinstance(pipeline, DetectionPipeline):
        return None
    try:
        bundle = Bundle.open(resolve_model(pipeline.model))
        return choose_variant(bundle, variant=pipeline.variant, backend=None)[1]
    except SkerryError:
        return None


def not_started(error: OSError) -> str:
    """Say why a child could not be opened."""
    return f"the child cannot be started: {os.strerror(error.errno or 0)}"

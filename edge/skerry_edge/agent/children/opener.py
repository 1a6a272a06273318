"""How a pipeline's children are opened: with which backend, at which log level, and what is known of their loading."""

from __future__ import annotations

import os

from msgspec.structs import replace

from skerry_edge.agent.children.attempt import Attempt, OnEnd, OnReport
from skerry_edge.agent.children.hosts import Hosts
from skerry_edge.agent.children.load_times import LoadTimes
from skerry_edge.agent.config.pipelines import PipelineConfig
from skerry_edge.agent.line.protocol import Start


class Opener:
    """Opens the children of one pipeline; ``log_level`` holds for those to come."""

    def __init__(self, pipeline: PipelineConfig, *, log_level: str, hosts: Hosts, load_times: LoadTimes) -> None:
        self.log_level = log_level
        self._pipeline = pipeline
        self._hosts = hosts
        self._load_times = load_times

    def open(self, backend: str | None, on_report: OnReport, on_end: OnEnd, *, stands_by: bool) -> Attempt:
        """Start a child on ``backend``, None where it is the model's own choice. Raises OSError."""
        pipeline = self._pipeline if backend is None else replace(self._pipeline, backends=(backend,))
        start = Start(pipeline=pipeline, log_level=self.log_level, stands_by=stands_by)
        usual_s = self._load_times.usual_s(self._load(backend))
        return Attempt(start, backend, self._hosts, usual_s=usual_s, on_report=on_report, on_end=on_end)

    def note_loaded(self, backend: str | None, attempt: Attempt) -> None:
        """Learn from a child that has become ready."""
        self._load_times.note(self._load(backend), attempt.loading_took_s)

    def note_hung(self, backend: str | None) -> None:
        """Learn from a child that was taken for hung while it loaded."""
        self._load_times.note_hung(self._load(backend))

    def _load(self, backend: str | None) -> str:
        return f"{self._pipeline.loads} on {backend or 'its own choice'}"


def not_started(error: OSError) -> str:
    """Say why a child could not be opened."""
    return f"the child cannot be started: {os.strerror(error.errno or 0)}"

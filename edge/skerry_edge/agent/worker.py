"""One pipeline in the parent: its child's life, its log and its vitals."""

from __future__ import annotations

import logging
import os
import random
import subprocess
import time
from collections.abc import Callable, Mapping
from selectors import EVENT_READ, BaseSelector

from skerry_edge.agent import supervision
from skerry_edge.agent.backoff import Backoff
from skerry_edge.agent.config.checks import reads_stdin
from skerry_edge.agent.config.pipelines import PipelineConfig
from skerry_edge.agent.process import ChildProcess
from skerry_edge.agent.protocol import (
    Counts,
    Ended,
    Failed,
    Finding,
    Order,
    Picture,
    Progress,
    ProtocolError,
    Ready,
    Report,
    Start,
)
from skerry_edge.agent.sightings import Sightings
from skerry_edge.agent.supervision import Deadlines, Life
from skerry_edge.agent.vitals import VitalsCollector
from skerry_edge.contracts.messages import PipelineVitals

_log = logging.getLogger(__name__)
_LEVELS = {"DEBUG": logging.DEBUG, "WARNING": logging.WARNING, "ERROR": logging.ERROR, "CRITICAL": logging.CRITICAL}
_MAX_REASON_CHARS = 500

OnFinding = Callable[["Worker", Finding], None]


def level_of(line: str) -> int:
    """Return the level of a child's log line, which begins with its name; foreign lines are INFO."""
    return _LEVELS.get(line.split(" ", 1)[0], logging.INFO)


class Worker:
    """Keeps one pipeline's child alive: acts on what `supervision` decides and on what the child reports."""

    def __init__(
        self,
        pipeline: PipelineConfig,
        *,
        log_level: str,
        selector: BaseSelector,
        environment: Mapping[str, str],
        on_finding: OnFinding,
    ) -> None:
        self.pipeline = pipeline
        self.vitals = VitalsCollector(pipeline)
        self._sightings = Sightings()
        self._pictures: list[Picture] = []
        self._life = Life()
        self._deadlines = Deadlines(start_s=pipeline.start_deadline_s, progress_s=pipeline.progress_deadline_s)
        self._backoff = Backoff()
        self._log_level = log_level
        self._selector = selector
        self._environment = environment
        self._on_finding = on_finding
        self._child: ChildProcess | None = None
        self._second_choice: str | None = None
        self._last_words: Failed | Ended | None = None
        self._child_log = logging.getLogger(f"skerry_edge.pipeline.{pipeline.name}")

    @property
    def due_s(self) -> float:
        """When `act` has something to do, on the monotonic clock."""
        return self._life.due_s

    @property
    def pid(self) -> int | None:
        """The child's process id while there is one."""
        return self._child.pid if self._child is not None else None

    @property
    def trouble(self) -> str | None:
        """Why the pipeline is not as it should be, or None."""
        return self._life.reason or self._second_choice

    @property
    def counts(self) -> Counts | None:
        """How many objects are there now, None where nothing is known."""
        return self._sightings.counts

    def order(self, order: Order) -> bool:
        """Pass an order on to the child; False where there is none that could take it."""
        return self._child is not None and self._child.order(order)

    def take_pictures(self) -> list[Picture]:
        """Return the pictures that came since the last call."""
        taken, self._pictures = self._pictures, []
        return taken

    def take_vitals(self) -> PipelineVitals:
        """Return the window since the last call."""
        return self.vitals.take(supervision.vitals_state(self._life))

    def act(self, now_s: float) -> None:
        """Do what is due: start the child, or kill it when it missed a deadline."""
        action = supervision.due_action(self._life, now_s)
        if action == "spawn":
            self._spawn(now_s)
        elif action == "kill":
            self._judge_overdue()

    def terminate(self) -> None:
        """Ask the child to end, and start no other."""
        self._life = supervision.ended(self._life, time.monotonic())
        if self._child is not None:
            self._child.terminate()

    def kill(self) -> None:
        """End the child now, if it is still there."""
        if self._child is not None:
            self._bury(self._child)

    def _spawn(self, now_s: float) -> None:
        self._last_words, self._second_choice = None, None
        stdin = None if reads_stdin(self.pipeline) else subprocess.DEVNULL
        try:
            start = Start(pipeline=self.pipeline, log_level=self._log_level)
            child = ChildProcess(start, stdin=stdin, environment=self._environment)
        except OSError as error:
            self._fail(f"the child cannot be started: {os.strerror(error.errno or 0)}")
            return
        self._child = child
        self._life = supervision.spawned(self._life, now_s, self._deadlines)
        self._selector.register(child.reports, EVENT_READ, self._read_reports)
        self._selector.register(child.log, EVENT_READ, self._read_log)
        _log.debug("pipeline %s: child %d started", self.pipeline.name, child.pid)

    def _judge_overdue(self) -> None:
        """Kill a child that missed its deadline, but not for a beat that lies unread because this process was late."""
        self._read_reports()
        if supervision.due_action(self._life, time.monotonic()) == "kill":
            self._fail(supervision.overdue_reason(self._life, self._deadlines))

    def _read_reports(self) -> None:
        if self._child is None:
            return
        try:
            reports = self._child.read_reports()
        except ProtocolError as error:
            self._fail(str(error))
            return
        for report in reports or []:
            self._take(report)
        if reports is None:
            self._gone(self._child)

    def _take(self, report: Report) -> None:
        now_s = time.monotonic()
        if isinstance(report, Ready):
            self.vitals.ready(report)
            self._second_choice = report.second_choice
            self._life = supervision.became_ready(self._life, now_s, self._deadlines)
            _log.info(
                "pipeline %s: %s %s runs on %s", self.pipeline.name, report.model, report.model_version, report.backend
            )
        elif isinstance(report, Progress):
            self.vitals.progress(report)
            self._life = supervision.progressed(self._life, now_s, self._deadlines, frames=report.frames)
        elif isinstance(report, Finding):
            self._sightings.note(report)
            self._on_finding(self, report)
        elif isinstance(report, Counts):
            self._sightings.note(report)
        elif isinstance(report, Picture):
            self._pictures.append(report)
        else:
            self._last_words = report

    def _gone(self, child: ChildProcess) -> None:
        """Judge a child whose stream has ended by its last words, or else by how it ended."""
        how = self._bury(child) or "closed its pipe and does not end"
        if isinstance(self._last_words, Failed):
            self._fail(self._last_words.reason)
        elif self._last_words is None:
            self._fail(f"the child {how}")
        elif self._life.phase != "ended":
            self._life = supervision.ended(self._life, time.monotonic())
            _log.info("pipeline %s: its source came to its end", self.pipeline.name)

    def _fail(self, reason: str) -> None:
        if self._child is not None:
            self._bury(self._child)
        if self._life.phase == "ended":
            return
        chance = random.random()  # noqa: S311  # spreads retries; nothing secret
        now_s = time.monotonic()
        self._life = supervision.failed(self._life, now_s, reason[:_MAX_REASON_CHARS], self._backoff, chance)
        wait_s = self._life.due_s - now_s
        _log.error("pipeline %s failed: %s; next start in %.1f s", self.pipeline.name, reason, wait_s)

    def _read_log(self) -> None:
        if self._child is None:
            return
        lines = self._child.read_log()
        if lines is None:
            self._selector.unregister(self._child.log)
        self._pass_on(lines or [])

    def _pass_on(self, lines: list[str]) -> None:
        for line in lines:
            self._child_log.log(level_of(line), "%s", line)

    def _bury(self, child: ChildProcess) -> str | None:
        """Kill what is left of a child, take its last log lines and say how it ended."""
        self._child = None
        child.kill()
        how = child.reap()
        for stream in (child.reports, child.log):
            if stream in self._selector.get_map():
                self._selector.unregister(stream)
        self._pass_on(child.remaining_log())
        child.close()
        for end in self._sightings.end_all(ts_ms=time.time_ns() // 1_000_000, decided_ns=time.monotonic_ns()):
            self._on_finding(self, end)
        return how

"""One run of a pipeline in a child process, from its start to its end: what it says, how it keeps time, how it ends."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from skerry_edge.agent.children import loading, pace
from skerry_edge.agent.children.hosts import Hosts, Loss
from skerry_edge.agent.children.loading import Loading, Times
from skerry_edge.agent.children.supervision import Deadlines
from skerry_edge.agent.line.blame import Blame
from skerry_edge.agent.line.protocol import (
    Ended,
    Failed,
    Mute,
    Order,
    Progress,
    ProtocolError,
    Reached,
    Ready,
    Report,
    Start,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How an attempt ended; ``blame`` says what a failure means for the backend.

    It ``failed``; its process was ended for another pipeline's sake (``interrupted``); it ended because `stop` was
    called (``stopped``); its source came to its end (``ended``).
    """

    kind: Literal["failed", "interrupted", "stopped", "ended"]
    reason: str
    blame: Blame = "elsewhere"


LATE_S = 0.5
"""A deadline that this process notices so late was missed by the whole machine, not by the child."""
_MAX_PIECES = 16
"""What is read of one line before the others' turn comes: more than its longest message and what the kernel keeps."""
OnReport = Callable[[Report], None]
OnEnd = Callable[[Outcome], None]


class Attempt:
    """Passes on what the child reports, and says once how it ended; after `drop` and `kill` it says nothing more."""

    def __init__(
        self,
        start: Start,
        backend: str | None,
        hosts: Hosts,
        *,
        usual_s: Times,
        on_report: OnReport,
        on_end: OnEnd,
    ) -> None:
        """Start the pipeline on ``backend``. Raises OSError where the system has no room for a child.

        ``usual_s`` is how long each stage of its loading may be expected to take.
        """
        self.was_pardoned = False
        self.loading_took_s: Times = {}
        """How long each stage took; nothing before the child is ready."""
        self.slowness: str | None = None
        """What takes the child so long now, where it is slow."""
        self._loading: Loading | None = Loading(since_s=time.monotonic(), usual_s=usual_s)
        self._was_told_to_stop = False
        self._is_muted = False
        self._start_s = start.pipeline.start_deadline_s
        self._limit_s = start.pipeline.progress_deadline_s
        self._pace = pace.begun(time.monotonic(), None)
        self._on_report = on_report
        self._on_end: OnEnd | None = on_end
        self._last_words: Failed | Ended | None = None
        self._seat = hosts.seat(start, backend, on_readable=self.read, on_lost=self._lost)

    @property
    def pid(self) -> int | None:
        """The process id of the child, None once it has ended."""
        return self._seat.host.pid

    @property
    def shares_process(self) -> bool:
        """Whether the child serves other pipelines, too."""
        return self._seat.host.is_shared

    @property
    def deadlines(self) -> Deadlines:
        """How soon the child must be ready, and how long it may be silent now that its pace is known."""
        patience_s = pace.patience_s(self._pace, self._limit_s)
        deadlines = Deadlines(start_s=self._start_s, progress_s=patience_s, is_learned=patience_s < self._limit_s)
        if self._loading is None:
            return deadlines
        stage_s, hung = loading.patience_s(self._loading), loading.hung_reason(self._loading)
        return replace(deadlines, stage_s=stage_s, hung=hung)

    @property
    def tell_due_s(self) -> float:
        """When it is to be told that the child is slow (monotonic seconds)."""
        return pace.tell_due_s(self._pace) if self._loading is None else loading.tell_due_s(self._loading)

    def tell(self, now_s: float) -> str | None:
        """Have ``slowness`` say what is due to be told; return that, None where it is nothing new."""
        late_s = now_s - self.tell_due_s
        if late_s < 0:
            return None
        if self._loading is None:
            self._pace, slowness = pace.told(self._pace, now_s)
        else:
            self._loading, slowness = loading.told(self._loading, now_s)
        if late_s > LATE_S:
            return None
        self.slowness = slowness
        return slowness

    def read_all(self) -> bool:
        """Take all that lies unread; return whether something came, and the rest of a message is still to come.

        A snapshot is longer than the kernel keeps for the line: the rest of it comes when the first was taken.
        """
        pieces = 0
        while pieces < _MAX_PIECES and self._on_end is not None and self._seat.line.has_news():
            self.read()
            pieces += 1
        return pieces > 0 and self._on_end is not None and self._seat.line.is_within_message

    def read(self) -> None:
        """Take what has come over the line."""
        try:
            is_open = self._take_new()
        except ProtocolError as error:
            self._finish(Outcome(kind="failed", reason=str(error), blame="backend"), self._seat.kill)
            return
        if not is_open and self._on_end is not None:
            self._hung_up()

    def set_log_level(self, level: str) -> None:
        """Have the child log from this level on."""
        self._seat.host.set_log_level(level)

    def hush(self, *, muted: bool) -> None:
        """Have the pipeline neither keep nor judge what it hears, or listen again, where it was not told so before."""
        if muted != self._is_muted and self.order(Mute(muted=muted)):
            self._is_muted = muted

    def order(self, order: Order) -> bool:
        """Pass an order on; False where the pipeline cannot take it."""
        return self._seat.line.send(order)

    def stop(self) -> None:
        """Ask the pipeline to end."""
        self._was_told_to_stop = True
        self._seat.stop()

    def take_over(self, on_report: OnReport, on_end: OnEnd) -> None:
        """Report to others from now on, and of work that begins now."""
        self._on_report, self._on_end = on_report, on_end
        self._pace = pace.begun(time.monotonic(), self._pace.first_s)

    def drop(self) -> None:
        """Hang up; the pipeline ends at its next word."""
        self._on_end = None
        self._seat.leave()

    def kill(self) -> None:
        """End the process because of this pipeline."""
        self._on_end = None
        self._seat.kill()

    def _take_new(self) -> bool:
        """Take what has come; False where the pipeline has hung up. Raises ProtocolError."""
        reports = self._seat.line.read()
        for report in reports or []:
            if isinstance(report, Failed | Ended):
                self._last_words = report
            elif self._on_end is not None:
                self._keep_time(report)
                self._on_report(report)
        return reports is not None

    def _keep_time(self, report: Report) -> None:
        """Learn how long the stages of loading take, and then the pace of the work."""
        now_s = time.monotonic()
        if isinstance(report, Reached) and self._loading is not None:
            self._loading, self.slowness = loading.reached(self._loading, report.stage, now_s), None
        elif isinstance(report, Ready) and self._loading is not None:
            self.loading_took_s = loading.times_until(self._loading, now_s)
            self._loading, self.slowness, self.was_pardoned = None, None, False
            self._pace = pace.begun(now_s, self.loading_took_s.get("first-inference"))
        elif isinstance(report, Progress):
            self._pace = pace.beat(self._pace, now_s, has_worked=report.frames > 0)
            self.slowness, self.was_pardoned = None, False

    def _hung_up(self) -> None:
        """Judge by the last words, or else by how the process ended."""
        words = self._last_words
        if isinstance(words, Failed):
            self._finish(Outcome(kind="failed", reason=words.reason, blame=words.blame), self._seat.leave)
        elif isinstance(words, Ended):
            self._finish(self._outcome_of(words), self._seat.leave)
        else:
            self._seat.end_host()

    def _outcome_of(self, words: Ended) -> Outcome:
        if not words.stopped:
            return Outcome(kind="ended", reason="its source came to its end")
        if self._was_told_to_stop:
            return Outcome(kind="stopped", reason="told to stop")
        return Outcome(kind="failed", reason="the child was told to end, and not by the agent")

    def _lost(self, loss: Loss) -> None:
        """Take what lies unread, and judge by it or else by how the process ended under the pipeline."""
        with contextlib.suppress(ProtocolError):  # the end of a process may cut its last line
            while self._seat.line.has_news() and self._take_new():
                continue
        if self._last_words is not None:
            self._hung_up()
        elif loss.culprit is not None:
            reason = f"its process was ended because of pipeline {loss.culprit}, which shares its accelerator"
            self._finish(Outcome(kind="interrupted", reason=reason), self._seat.leave)
        else:
            self._finish(Outcome(kind="failed", reason=f"the child {loss.how}", blame="backend"), self._seat.leave)

    def _finish(self, outcome: Outcome, close: Callable[[], None]) -> None:
        on_end, self._on_end = self._on_end, None
        close()
        if on_end is not None:
            on_end(outcome)

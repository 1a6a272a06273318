"""Keeps a pipeline's child running: starts it, judges it, and puts another in its place."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import replace

from skerry_edge.agent.children import course, failover, supervision
from skerry_edge.agent.children.attempt import LATE_S, Attempt, OnReport, Outcome
from skerry_edge.agent.children.opener import Opener, not_started
from skerry_edge.agent.children.supervision import Life
from skerry_edge.agent.children.way_back import WayBack
from skerry_edge.agent.config.pipelines import PipelineConfig
from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.line.blame import Blame
from skerry_edge.agent.line.protocol import Go, Order, Progress, Reached, Ready, Report
from skerry_edge.foundation.backoff import Backoff

_log = logging.getLogger(__name__)


class Runner:
    """Acts on what `course` decides. Passes reports on, and says when what a child knew is no longer known.

    While the pipeline runs on a later choice of backend, an earlier one may be tried beside it: that child loads its
    model and stands by, and takes the source over only when it has shown that it runs.
    """

    def __init__(
        self,
        pipeline: PipelineConfig,
        opener: Opener,
        *,
        on_report: OnReport,
        on_gone: Callable[[], None],
        on_failed: Callable[[Blame, str], None],
        is_source_well: Callable[[], bool],
    ) -> None:
        self._pipeline = pipeline
        self._opener = opener
        self._on_report = on_report
        self._on_gone = on_gone
        self._on_failed = on_failed
        self._is_source_well = is_source_well
        self._course = course.course_of(pipeline.backend_choices)
        self._backoff = Backoff()
        self._attempt: Attempt | None = None
        self._way_back = WayBack(
            opener,
            limit_s=pipeline.start_deadline_s,
            on_ready=self._make_way,
            on_kept_waiting=self._push_out,
            on_failed=self._trial_failed,
        )

    @property
    def due_s(self) -> float:
        """When `act` has something to do, on the monotonic clock."""
        tell_s = self._attempt.tell_due_s if self._attempt is not None else NEVER_S
        return_s = self._course.choices.return_due_s if self._may_return and not self._way_back.is_tried else NEVER_S
        return min(self._course.life.due_s, tell_s, return_s, self._way_back.due_s)

    @property
    def pid(self) -> int | None:
        """The child's process id while there is one."""
        return self._attempt.pid if self._attempt is not None else None

    @property
    def shares_process(self) -> bool:
        """Whether the child serves other pipelines, too."""
        return self._attempt is not None and self._attempt.shares_process

    @property
    def life(self) -> Life:
        """How the child fares."""
        return self._course.life

    @property
    def trouble(self) -> str | None:
        """Why the child is not as it should be, or None."""
        slowness = self._attempt.slowness if self._attempt is not None else None
        return "; ".join(filter(None, (course.trouble(self._course), slowness))) or None

    def act(self, now_s: float) -> None:
        """Do what is due: start a child, kill one that missed a deadline, or see to the way back."""
        action = supervision.due_action(self._course.life, now_s)
        if action == "spawn":
            self._spawn(now_s)
        elif action == "kill":
            self._judge_overdue(now_s)
        self._tell_slow(now_s)
        self._way_back.act(now_s)
        if self._may_return and not self._way_back.is_tried and failover.is_return_due(self._course.choices, now_s):
            self._course = replace(self._course, choices=failover.trying(self._course.choices))
            self._try(now_s)

    def order(self, order: Order) -> bool:
        """Pass an order on to the child; False where there is none that could take it."""
        return self._attempt is not None and self._attempt.order(order)

    def hush(self, *, muted: bool) -> None:
        """Have the child neither keep nor judge what it hears, or listen again."""
        if self._attempt is not None:
            self._attempt.hush(muted=muted)

    def set_log_level(self, level: str) -> None:
        """Have this child and all later ones log from this level on."""
        self._opener.log_level = level
        self._way_back.set_log_level(level)
        if self._attempt is not None:
            self._attempt.set_log_level(level)

    def terminate(self) -> None:
        """Ask the child to end, and start no other."""
        self._set_life(supervision.ended(self._course.life, time.monotonic()))
        self._way_back.drop()
        if self._attempt is not None:
            self._attempt.stop()

    def kill(self) -> None:
        """End the child now, if it is still there."""
        if self._attempt is not None:
            self._attempt.kill()
            self._forget_children()
        self._way_back.drop()

    def inherit(self, attempt: Attempt, ready: Ready) -> None:
        """Begin with a child that stands by, on the first choice of backend, where none has been started yet."""
        self._set_life(supervision.spawned(self._course.life, time.monotonic(), attempt.deadlines))
        self._begin_with(attempt, ready)

    def _set_life(self, life: Life) -> None:
        self._course = replace(self._course, life=life)

    # The child that does the work.

    def _spawn(self, now_s: float) -> None:
        backend = course.current_backend(self._course)
        try:
            self._attempt = self._opener.open(backend, self._take, self._ended, stands_by=False)
        except OSError as error:
            self._fail(not_started(error), "elsewhere")
            return
        self._set_life(supervision.spawned(self._course.life, now_s, self._attempt.deadlines))
        _log.debug("pipeline %s: child %d started", self._pipeline.name, self.pid)

    def _judge_overdue(self, now_s: float) -> None:
        """Kill a child that missed its deadline, but not for a beat that lies unread, nor because all stood still."""
        attempt, life = self._attempt, self._course.life
        if attempt is None:
            return
        is_telling = attempt.read_all()
        if attempt is not self._attempt or supervision.due_action(self._course.life, time.monotonic()) != "kill":
            return
        if is_telling:
            self._set_life(supervision.heard(self._course.life, now_s))
            return
        if now_s - life.due_s > LATE_S and not attempt.was_pardoned:
            attempt.was_pardoned = True
            self._set_life(supervision.pardoned(self._course.life, now_s, attempt.deadlines))
            return
        if self._course.life.phase == "starting":
            self._opener.note_hung(course.current_backend(self._course))
        attempt.kill()
        self._fail(supervision.overdue_reason(self._course.life, attempt.deadlines), "hang")

    def _tell_slow(self, now_s: float) -> None:
        if self._attempt is not None and now_s >= self._attempt.tell_due_s:
            self._attempt.read_all()
        slowness = self._attempt.tell(now_s) if self._attempt is not None else None
        if slowness is not None:
            _log.warning("pipeline %s is slow: %s", self._pipeline.name, slowness)

    def _take(self, report: Report) -> None:
        attempt, now_s = self._attempt, time.monotonic()
        self._on_report(report)
        if attempt is None:
            return
        if isinstance(report, Reached):
            self._set_life(supervision.stage_reached(self._course.life, now_s, attempt.deadlines))
        elif isinstance(report, Ready):
            self._opener.note_loaded(course.current_backend(self._course), attempt)
            self._run(attempt, report, now_s)
        elif isinstance(report, Progress):
            self._course = course.progressed(self._course, now_s, attempt.deadlines, frames=report.frames)

    def _run(self, attempt: Attempt, ready: Ready, now_s: float) -> None:
        self._set_life(supervision.became_ready(self._course.life, now_s, attempt.deadlines))
        _log.info("pipeline %s: %s %s runs on %s", self._pipeline.name, ready.model, ready.model_version, ready.backend)

    def _ended(self, outcome: Outcome) -> None:
        if self._course.life.phase == "ended":
            self._forget_child()
        elif self._way_back.stands_by and outcome.kind != "ended":
            self._hand_over()
        elif outcome.kind == "failed":
            self._fail(outcome.reason, outcome.blame)
        elif outcome.kind == "ended":
            self._forget_children()
            self._set_life(supervision.ended(self._course.life, time.monotonic()))
            _log.info("pipeline %s: its source came to its end", self._pipeline.name)
        else:
            self._forget_children()
            self._course = course.interrupted(self._course, time.monotonic(), outcome.reason)
            _log.warning("pipeline %s starts again: %s", self._pipeline.name, outcome.reason)

    def _fail(self, reason: str, blame: Blame) -> None:
        self._forget_children()
        if self._course.life.phase == "ended":
            return
        self._on_failed(blame, reason)
        now_s = time.monotonic()
        chance = random.random()  # noqa: S311  # spreads retries; nothing secret
        self._course = course.failed(self._course, now_s, blame, reason, backoff=self._backoff, chance=chance)
        following = course.current_backend(self._course)
        place = f" on {following}" if following else ""
        wait_s = self._course.life.due_s - now_s
        told = self._course.life.reason
        _log.error("pipeline %s failed: %s; next start%s in %.1f s", self._pipeline.name, told, place, wait_s)

    def _forget_child(self) -> None:
        self._attempt = None
        self._on_gone()

    def _forget_children(self) -> None:
        self._forget_child()
        self._way_back.drop()

    # The way back to an earlier backend.

    @property
    def _may_return(self) -> bool:
        """Whether an earlier backend may be tried: not where the source would begin anew."""
        return course.may_return(self._course) and self._is_source_well() and self._pipeline.is_endless

    def _try(self, now_s: float) -> None:
        candidate = self._course.choices.candidate
        if candidate is None:
            return
        backend = failover.name_of(self._course.choices, candidate)
        _log.info("pipeline %s: trying %s again", self._pipeline.name, backend)
        self._way_back.begin(backend, now_s)

    def _make_way(self) -> None:
        if self._attempt is not None:
            self._attempt.stop()

    def _push_out(self) -> None:
        if self._attempt is not None:
            self._attempt.kill()
        self._hand_over()

    def _hand_over(self) -> None:
        """Let the child that stands by take the place of the one that has given up the source."""
        taken = self._way_back.take_over()
        if taken is None:
            return
        self._forget_child()
        attempt, ready = taken
        self._course = course.returned(self._course, time.monotonic(), attempt.deadlines)
        self._begin_with(attempt, ready)

    def _begin_with(self, attempt: Attempt, ready: Ready) -> None:
        """Let a child that stands by do the work."""
        self._attempt = attempt
        attempt.take_over(self._take, self._ended)
        self._on_report(ready)
        self._run(attempt, ready, time.monotonic())
        attempt.order(Go())

    def _trial_failed(self, reason: str) -> None:
        now_s = time.monotonic()
        self._course = course.trial_failed(self._course, now_s, reason)
        _log.info("pipeline %s: no return yet: %s", self._pipeline.name, reason)
        self._try(now_s)

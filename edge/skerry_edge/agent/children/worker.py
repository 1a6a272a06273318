"""One pipeline in the parent: its child's life, its choice of backends and its vitals."""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Callable
from functools import partial

import msgspec

from skerry_edge.agent.children import failover, supervision
from skerry_edge.agent.children.account import Account
from skerry_edge.agent.children.attempt import Attempt, OnEnd, OnReport, Outcome
from skerry_edge.agent.children.failover import Blame
from skerry_edge.agent.children.hosts import Hosts
from skerry_edge.agent.children.mutes import Mutes
from skerry_edge.agent.children.supervision import Life
from skerry_edge.agent.children.trial import Trial
from skerry_edge.agent.children.vitals import VitalsCollector
from skerry_edge.agent.config.pipelines import PipelineConfig
from skerry_edge.agent.line.protocol import Counts, Finding, Go, Order, Picture, Progress, Ready, Report, Start
from skerry_edge.contracts.messages import PipelineVitals
from skerry_edge.foundation.backoff import Backoff

_log = logging.getLogger(__name__)
_MAX_REASON_CHARS = 500
_LATE_S = 0.5
"""A deadline that this process notices so late was missed by the whole machine, not by the child."""

OnFinding = Callable[["Worker", Finding], None]


class Worker:
    """Keeps one pipeline alive: acts on what `supervision` and `failover` decide and on what its child reports.

    While it runs on a later choice of backend, an earlier one may be tried beside it: that child loads its model and
    stands by, and takes the source over only when it has shown that it runs.
    """

    def __init__(
        self, pipeline: PipelineConfig, *, log_level: str, hosts: Hosts, mutes: Mutes, on_finding: OnFinding
    ) -> None:
        self.pipeline = pipeline
        self._account = Account(
            pipeline,
            is_muted=lambda: mutes.is_muted(pipeline.name),
            on_finding=lambda finding: on_finding(self, finding),
        )
        self._life = Life()
        self._choices = failover.choices_of(pipeline.backend_choices)
        self._backoff = Backoff()
        self._log_level = log_level
        self._hosts = hosts
        self._mutes = mutes
        self._attempt: Attempt | None = None
        self._trial: Trial | None = None

    @property
    def due_s(self) -> float:
        """When `act` has something to do, on the monotonic clock."""
        if self._trial is not None:
            return min(self._life.due_s, self._trial.due_s)
        return min(self._life.due_s, self._choices.return_due_s if self._may_return else float("inf"))

    @property
    def pid(self) -> int | None:
        """The child's process id while there is one."""
        return self._attempt.pid if self._attempt is not None else None

    @property
    def vitals(self) -> VitalsCollector:
        """What the pipeline did since the last heartbeat."""
        return self._account.vitals

    @property
    def trouble(self) -> str | None:
        """Why the pipeline is not as it should be, or None."""
        return self._account.source_trouble or self._life.reason or failover.second_choice(self._choices)

    @property
    def _is_muted(self) -> bool:
        return self._mutes.is_muted(self.pipeline.name)

    @property
    def counts(self) -> Counts | None:
        """How many objects are there now, None where nothing is known."""
        return self._account.counts

    def order(self, order: Order) -> bool:
        """Pass an order on to the child; False where there is none that could take it."""
        return self._attempt is not None and self._attempt.order(order)

    def restart(self) -> None:
        """Start anew with the first choice of backend, and forget all failures."""
        if self._attempt is not None:
            self._attempt.drop()
        self._forget_child()
        self._drop_trial()
        self._choices = failover.choices_of(self.pipeline.backend_choices)
        self._life = Life()

    def set_log_level(self, level: str) -> None:
        """Have this child and all later ones log from this level on."""
        self._log_level = level
        for attempt in (self._attempt, self._trial.attempt if self._trial is not None else None):
            if attempt is not None:
                attempt.set_log_level(level)

    def take_pictures(self) -> list[Picture]:
        """Return the pictures that came since the last call."""
        return self._account.take_pictures()

    def take_vitals(self) -> PipelineVitals:
        """Return the window since the last call."""
        state = supervision.vitals_state(self._life)
        is_blind = self._account.source_trouble is not None and state == "running"
        vitals = self.vitals.take("failing" if is_blind else state, self.pid)
        life = self._life
        return msgspec.structs.replace(
            vitals, muted=self._is_muted, failures=life.failures, held=supervision.is_held(life)
        )

    def act(self, now_s: float) -> None:
        """Do what is due: start a child, kill one that missed a deadline, or see to a trial."""
        action = supervision.due_action(self._life, now_s)
        if action == "spawn":
            self._spawn(now_s)
        elif action == "kill":
            self._judge_overdue(now_s)
        if self._trial is not None and now_s >= self._trial.due_s:
            self._trial_overdue(self._trial)
        elif self._trial is None and self._may_return and failover.is_return_due(self._choices, now_s):
            self._choices = failover.trying(self._choices)
            self._try(now_s)
        if self._attempt is not None:
            self._attempt.hush(muted=self._is_muted)

    def terminate(self) -> None:
        """Ask the child to end, and start no other."""
        self._life = supervision.ended(self._life, time.monotonic())
        self._drop_trial()
        if self._attempt is not None:
            self._attempt.stop()

    def kill(self) -> None:
        """End the child now, if it is still there."""
        self._drop_trial()
        if self._attempt is not None:
            self._attempt.kill()
            self._forget_child()

    # The child that does the work.

    def _spawn(self, now_s: float) -> None:
        try:
            self._attempt = self._open(self._choices.current, self._take, self._ended, stands_by=False)
        except OSError as error:
            self._fail(_not_started(error), "elsewhere")
            return
        self._life = supervision.spawned(self._life, now_s, self._attempt.deadlines)
        _log.debug("pipeline %s: child %d started", self.pipeline.name, self.pid)

    def _open(self, number: int, on_report: OnReport, on_end: OnEnd, *, stands_by: bool) -> Attempt:
        backend = failover.name_of(self._choices, number)
        pipeline = self.pipeline if backend is None else msgspec.structs.replace(self.pipeline, backends=(backend,))
        start = Start(pipeline=pipeline, log_level=self._log_level, stands_by=stands_by)
        return Attempt(start, backend, self._hosts, on_report=on_report, on_end=on_end)

    def _judge_overdue(self, now_s: float) -> None:
        """Kill a child that missed its deadline, but not for a beat that lies unread, nor because all stood still."""
        attempt, life = self._attempt, self._life
        if attempt is None:
            return
        attempt.read()
        if attempt is not self._attempt or supervision.due_action(self._life, time.monotonic()) != "kill":
            return
        if now_s - life.due_s > _LATE_S and not attempt.was_pardoned:
            attempt.was_pardoned = True
            self._life = supervision.pardoned(self._life, now_s, attempt.deadlines)
            return
        attempt.kill()
        self._fail(supervision.overdue_reason(self._life, attempt.deadlines), "hang")

    def _take(self, report: Report) -> None:
        self._account.take(report)
        if isinstance(report, Ready) and self._attempt is not None:
            self._run(self._attempt, report, time.monotonic())
        elif isinstance(report, Progress) and self._attempt is not None:
            self._progress(self._attempt, report, time.monotonic())

    def _progress(self, attempt: Attempt, report: Progress, now_s: float) -> None:
        self._life = supervision.progressed(self._life, now_s, attempt.deadlines, frames=report.frames)
        if supervision.is_stable(self._life, now_s):
            self._choices = failover.stable(self._choices)

    def _run(self, attempt: Attempt, ready: Ready, now_s: float) -> None:
        self._life = supervision.became_ready(self._life, now_s, attempt.deadlines)
        _log.info("pipeline %s: %s %s runs on %s", self.pipeline.name, ready.model, ready.model_version, ready.backend)

    def _ended(self, outcome: Outcome) -> None:
        trial = self._trial
        if self._life.phase == "ended":
            self._forget_child()
        elif trial is not None and trial.ready is not None and outcome.kind != "ended":
            self._hand_over(trial, trial.ready)
        elif outcome.kind == "failed":
            self._fail(outcome.reason, outcome.blame)
        elif outcome.kind in ("interrupted", "stopped"):
            self._start_again(outcome.reason)
        else:
            self._forget_child()
            self._drop_trial()
            self._life = supervision.ended(self._life, time.monotonic())
            _log.info("pipeline %s: its source came to its end", self.pipeline.name)

    def _start_again(self, reason: str) -> None:
        """Go on after an end that was not the pipeline's own doing."""
        self._forget_child()
        self._drop_trial()
        self._choices = failover.untried(self._choices)
        self._life = supervision.interrupted(self._life, time.monotonic(), reason)
        _log.warning("pipeline %s starts again: %s", self.pipeline.name, reason)

    def _fail(self, reason: str, blame: Blame) -> None:
        """Go on after a failure: on the same backend after a while, or on the next one at once."""
        self._forget_child()
        self._drop_trial()
        if self._life.phase == "ended":
            return
        now_s = time.monotonic()
        reason = reason[:_MAX_REASON_CHARS]
        before, self._choices = self._choices, failover.failed(self._choices, now_s, blame, reason)
        if failover.has_moved_on(before, self._choices):
            self._life = supervision.moved_on(self._life, now_s, reason)
        else:
            chance = random.random()  # noqa: S311  # spreads retries; nothing secret
            self._life = supervision.failed(self._life, now_s, reason, self._backoff, chance)
        following = failover.name_of(self._choices, self._choices.current)
        place = f" on {following}" if following else ""
        wait_s = self._life.due_s - now_s
        _log.error("pipeline %s failed: %s; next start%s in %.1f s", self.pipeline.name, reason, place, wait_s)

    def _forget_child(self) -> None:
        self._attempt = None
        self._account.forget_child()

    # The way back to an earlier backend.

    @property
    def _may_return(self) -> bool:
        """Whether an earlier backend may be tried: not while it goes badly, nor where the source would begin anew."""
        is_well = supervision.is_well(self._life) and self._account.source_trouble is None
        return self._choices.current > 0 and is_well and self.pipeline.is_endless

    def _try(self, now_s: float) -> None:
        candidate = self._choices.candidate
        if candidate is None:
            return
        _log.info("pipeline %s: trying %s again", self.pipeline.name, failover.name_of(self._choices, candidate))
        try:
            self._trial = Trial(
                partial(self._open, candidate, stands_by=True),
                due_s=now_s + self.pipeline.start_deadline_s,
                on_ready=self._make_way,
                on_failed=self._trial_failed,
            )
        except OSError as error:
            self._trial_failed(_not_started(error))

    def _make_way(self) -> None:
        if self._attempt is not None:
            self._attempt.stop()

    def _trial_overdue(self, trial: Trial) -> None:
        if trial.ready is None:
            trial.attempt.kill()
            self._trial_failed(f"not ready within {self.pipeline.start_deadline_s:g} s (start_deadline_s)")
        elif self._attempt is not None:
            self._attempt.kill()
            self._hand_over(trial, trial.ready)

    def _hand_over(self, trial: Trial, ready: Ready) -> None:
        """Let the trial take the place of the child that has given up the source."""
        now_s = time.monotonic()
        self._forget_child()
        self._attempt, self._trial = trial.attempt, None
        self._attempt.take_over(self._take, self._ended)
        self._choices = failover.returned(self._choices, now_s)
        self._life = supervision.spawned(self._life, now_s, self._attempt.deadlines)
        self._take(ready)
        self._attempt.order(Go())

    def _trial_failed(self, reason: str) -> None:
        now_s = time.monotonic()
        was_ready = self._trial is not None and self._trial.ready is not None
        self._trial = None
        self._choices = failover.trial_failed(self._choices, now_s, reason[:_MAX_REASON_CHARS])
        _log.info("pipeline %s: no return yet: %s", self.pipeline.name, reason)
        if self._choices.candidate is not None and not was_ready:
            self._try(now_s)

    def _drop_trial(self) -> None:
        if self._trial is not None:
            self._trial.attempt.drop()
            self._trial = None


def _not_started(error: OSError) -> str:
    return f"the child cannot be started: {os.strerror(error.errno or 0)}"

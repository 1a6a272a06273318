"""The way back to an earlier backend: its child loads the model and runs it once, beside the one that works."""

from __future__ import annotations

import time
from collections.abc import Callable

from skerry_edge.agent.children.attempt import Attempt, Outcome
from skerry_edge.agent.children.opener import Opener, not_started
from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.line.protocol import Ready, Report

HAND_OVER_S = 1.5
"""So long the child that works has to give up the source when another stands by."""


class WayBack:
    """Tries one backend at a time: says that its child stands by, that it has stood by for long, or that it failed.

    A child on trial has its whole `start_deadline_s`, whatever was learned of its loading: nobody waits for it.
    """

    def __init__(
        self,
        opener: Opener,
        *,
        limit_s: float,
        on_ready: Callable[[], None],
        on_kept_waiting: Callable[[], None],
        on_failed: Callable[[str], None],
    ) -> None:
        """Prepare; a child has ``limit_s`` to become ready, and then waits for ``HAND_OVER_S``."""
        self._opener = opener
        self._limit_s = limit_s
        self._on_ready = on_ready
        self._on_kept_waiting = on_kept_waiting
        self._on_failed = on_failed
        self._attempt: Attempt | None = None
        self._backend: str | None = None
        self._ready: Ready | None = None
        self._due_s = NEVER_S

    @property
    def is_tried(self) -> bool:
        """Whether a child is on trial or stands by."""
        return self._attempt is not None

    @property
    def stands_by(self) -> bool:
        """Whether a child waits for the source."""
        return self._ready is not None

    @property
    def due_s(self) -> float:
        """When the child is given up, or has waited for long enough, on the monotonic clock."""
        return self._due_s

    def begin(self, backend: str | None, now_s: float) -> None:
        """Try a backend."""
        self._backend, self._due_s = backend, now_s + self._limit_s
        try:
            self._attempt = self._opener.open(backend, self._take, self._ended, stands_by=True)
        except OSError as error:
            self._fail(not_started(error))

    def act(self, now_s: float) -> None:
        """Give a child up that is not ready in time, and say so of one that stands by for too long."""
        if self._attempt is None or now_s < self._due_s:
            return
        if self.stands_by:
            self._on_kept_waiting()
        else:
            self._attempt.kill()
            self._fail(f"not ready within {self._limit_s:g} s (start_deadline_s)")

    def take_over(self) -> tuple[Attempt, Ready] | None:
        """Give away the child that stands by; None where there is none."""
        attempt, ready = self._attempt, self._ready
        if attempt is None or ready is None:
            return None
        self._forget()
        return attempt, ready

    def drop(self) -> None:
        """Give up whatever is tried, without a word."""
        if self._attempt is not None:
            self._attempt.drop()
        self._forget()

    def set_log_level(self, level: str) -> None:
        """Have the child log from this level on."""
        if self._attempt is not None:
            self._attempt.set_log_level(level)

    def _take(self, report: Report) -> None:
        if isinstance(report, Ready) and self._attempt is not None:
            self._ready, self._due_s = report, time.monotonic() + HAND_OVER_S
            self._opener.note_loaded(self._backend, self._attempt)
            self._on_ready()

    def _ended(self, outcome: Outcome) -> None:
        self._fail(outcome.reason)

    def _fail(self, reason: str) -> None:
        self._forget()
        self._on_failed(reason)

    def _forget(self) -> None:
        self._attempt, self._ready, self._due_s = None, None, NEVER_S

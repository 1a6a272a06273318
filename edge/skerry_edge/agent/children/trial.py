"""An earlier backend tried beside the one that works: its child loads the model, runs it once and stands by."""

from __future__ import annotations

import time
from collections.abc import Callable

from skerry_edge.agent.children.attempt import Attempt, OnEnd, OnReport, Outcome
from skerry_edge.agent.line.protocol import Ready, Report

HAND_OVER_S = 1.0
"""So long the child that works has to give up the source when the other is ready to take over."""


class Trial:
    """``ready`` is set once the child stands by; what is awaited until ``due_s`` is that, and then the source."""

    def __init__(
        self,
        open_attempt: Callable[[OnReport, OnEnd], Attempt],
        *,
        due_s: float,
        on_ready: Callable[[], None],
        on_failed: Callable[[str], None],
    ) -> None:
        """Begin. Raises OSError where the system has no room for a child."""
        self.ready: Ready | None = None
        self.due_s = due_s
        self._on_ready = on_ready
        self._on_failed = on_failed
        self.attempt = open_attempt(self._take, self._ended)

    def _take(self, report: Report) -> None:
        if isinstance(report, Ready):
            self.ready = report
            self.due_s = time.monotonic() + HAND_OVER_S
            self._on_ready()

    def _ended(self, outcome: Outcome) -> None:
        self._on_failed(outcome.reason)

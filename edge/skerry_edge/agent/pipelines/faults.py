"""Failures inside a running pipeline: reported as events, counted, and not forgiven for ever."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter, deque
from typing import Literal

from skerry_edge.agent.line.link import Link
from skerry_edge.foundation.backoff import is_worth_logging
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.foundation.wall_clock import unix_ms

_log = logging.getLogger(__name__)
MAX_IN_A_ROW = 5
"""After this many failed inferences with no good one between, the pipeline gives up and is started anew."""
_QUIET_S = 10.0
"""A kind of failure is told of when it appears, and again only after it was absent for so long."""
RECENT = 20
"""Of so many pictures or sounds most must fail, and then few, for that to count as a change."""

FaultLabel = Literal["inference-error", "source-error"]


class Faults:
    """Reports a kind of failure when it appears, counts every one, and says while most of what comes fails."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._last_s: dict[FaultLabel, float] = {}
        self._failures: Counter[FaultLabel] = Counter()
        self._in_a_row = 0
        self._outcomes: deque[bool] = deque(maxlen=RECENT)
        self._is_told = False

    def report(self, label: FaultLabel, error: SkerryError) -> None:
        """Count a failure, and tell of it if it is news. Raises ``error`` when failed inferences do not stop."""
        now_s = time.monotonic()
        if now_s - self._last_s.get(label, -math.inf) > _QUIET_S:
            self._failures[label] = 0
            self._link.find("system", label, ts_ms=unix_ms(), message=str(error))
        self._last_s[label] = now_s
        self._failures[label] += 1
        if is_worth_logging(self._failures[label]):
            _log.warning("%s, number %d of them: %s", label, self._failures[label], error)
        self._link.progress(errors=1)
        if label == "inference-error":
            self._in_a_row += 1
            if self._in_a_row >= MAX_IN_A_ROW:
                raise error
        self._judge(is_good=False, reason=str(error))

    def inferred(self) -> None:
        """Note an inference that worked."""
        self._in_a_row = 0
        self._judge(is_good=True, reason=None)

    def _judge(self, *, is_good: bool, reason: str | None) -> None:
        """Say once that most of what came lately failed, and once that it does so no more."""
        self._outcomes.append(is_good)
        failed = self._outcomes.count(False)
        if not self._is_told and failed * 2 > RECENT:
            self._is_told = True
            self._link.source_state(f"{failed} of the last {len(self._outcomes)} failed: {reason}")
        elif self._is_told and failed * 4 < RECENT:
            self._is_told = False
            self._link.source_state(None)

"""Failures inside a running pipeline: reported as events, counted, and not forgiven for ever."""

from __future__ import annotations

import logging
import math
import time
from typing import Literal

from skerry_edge.agent.line.link import Link
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.foundation.wall_clock import unix_ms

_log = logging.getLogger(__name__)
MAX_IN_A_ROW = 5
"""After this many failed inferences with no good one between, the pipeline gives up and is started anew."""
_QUIET_S = 10.0
"""A kind of failure is told of when it appears, and again only after it was absent for so long."""

FaultLabel = Literal["inference-error", "source-error"]


class Faults:
    """Reports a kind of failure when it appears, and counts every one."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._last_s: dict[FaultLabel, float] = {}
        self._in_a_row = 0

    def report(self, label: FaultLabel, error: SkerryError) -> None:
        """Count a failure, and tell of it if it is news. Raises ``error`` when failed inferences do not stop."""
        _log.warning("%s: %s", label, error)
        now_s = time.monotonic()
        if now_s - self._last_s.get(label, -math.inf) > _QUIET_S:
            self._link.find("system", label, ts_ms=unix_ms(), message=str(error))
        self._last_s[label] = now_s
        self._link.progress(errors=1)
        if label == "inference-error":
            self._in_a_row += 1
            if self._in_a_row >= MAX_IN_A_ROW:
                raise error

    def inferred(self) -> None:
        """Note an inference that worked."""
        self._in_a_row = 0

"""Failures inside a running pipeline: reported as events, counted, and not forgiven for ever."""

from __future__ import annotations

import logging
import time
from typing import Literal

from skerry_edge.agent.link import Link
from skerry_edge.agent.rules import AppearanceRule, Sighting
from skerry_edge.foundation.errors import SkerryError

_log = logging.getLogger(__name__)
MAX_IN_A_ROW = 5
"""After this many failed inferences with no good one between, the pipeline gives up and is started anew."""
_HOLD_S = 10.0

FaultLabel = Literal["inference-error", "source-error"]


class Faults:
    """Reports a kind of failure when it appears, as `AppearanceRule` does for labels, and counts every one."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._rule = AppearanceRule(_HOLD_S)
        self._in_a_row = 0

    def report(self, label: FaultLabel, error: SkerryError) -> None:
        """Count a failure, and tell of it if it is news. Raises ``error`` when failed inferences do not stop."""
        _log.warning("%s: %s", label, error)
        if self._rule.judge([Sighting(label=label)], time.monotonic()):
            self._link.find("system", label, ts_ms=time.time_ns() // 1_000_000, message=str(error))
        self._link.progress(errors=1)
        if label == "inference-error":
            self._in_a_row += 1
            if self._in_a_row >= MAX_IN_A_ROW:
                raise error

    def inferred(self) -> None:
        """Note an inference that worked."""
        self._in_a_row = 0

"""What health and figures say of the spool: how much is in it, and what went wrong with it and is not over."""

from __future__ import annotations

import threading
import time
from typing import Literal

from skerry_server.errors import SpoolError
from skerry_server.health import Health
from skerry_server.spool.spool import Spool

Doing = Literal["writing", "reading", "deleting"]


class SpoolReport:
    """Tells health how the spool is; may be used from any thread."""

    def __init__(self, spool: Spool, health: Health) -> None:
        self._spool = spool
        self._health = health
        self._errors: dict[Doing, str] = {}
        self._lock = threading.Lock()

    def fails(self, doing: Doing, error: SpoolError) -> None:
        """Tell that something could not be done with it, until that is over."""
        with self._lock:
            self._errors[doing] = str(error)
        self.tell()

    def over(self, doing: Doing) -> None:
        """Note that it can be done again, or need not be done any more."""
        with self._lock:
            self._errors.pop(doing, None)

    def tell(self) -> None:
        """Tell how it is now."""
        status, metrics = self._spool.status(), self._health.metrics
        metrics.spool_segments.value = status.segments
        metrics.spool_oldest_s.value = max(0.0, time.time() - status.oldest_owed_s) if status.oldest_owed_s else 0.0
        metrics.spool_bytes.value = status.bytes
        metrics.spool_owed_bytes.value = status.owed_bytes
        metrics.spool_damaged_bytes.value = status.damaged_bytes + status.torn_bytes
        detail = f"{status.bytes / 1e6:.1f} of {status.budget_bytes / 1e6:.0f} MB in {self._spool.folder}"
        with self._lock:
            error = next(iter(self._errors.values()), None)
        if error is not None:
            self._health.fails("spool", error)
        elif status.is_full:
            self._health.fails("spool", f"the spool is full, so messages are not acknowledged: {detail}")
        else:
            self._health.works("spool", detail)

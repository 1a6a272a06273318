"""Whether a store that refused all it was sent refuses everything, or only these lines."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence

from skerry_server.errors import StoreError
from skerry_server.stores.refusals import RejectedLinesError, Send

RECENT_S = 60.0
"""What was taken longer ago may not be sent again: its device may have been erased since."""
SAMPLE = 5


class Canary:
    """A line that the store took a moment ago, which it takes again where it is well: that changes nothing there."""

    def __init__(self, *, where: str, now_s: Callable[[], float] = time.monotonic) -> None:
        self._where = where
        self._now_s = now_s
        self._line: bytes | None = None
        self._taken_s = 0.0

    def took(self, line: bytes) -> None:
        """Note that the store has just taken ``line``."""
        self._line, self._taken_s = line, self._now_s()

    def ask(self, lines: Sequence[bytes], send: Send, reason: str) -> None:
        """Return where the store takes a line now, after it gave ``reason`` for taking none of ``lines``.

        Where it has not taken any of late, a few of ``lines`` are tried alone. Raises StoreError where it takes none.
        """
        is_recent = self._line is not None and self._now_s() - self._taken_s < RECENT_S
        if is_recent and self._line is not None:
            tried = [self._line]
        else:
            # Others each time, so that a few bad ones cannot hide all others for good.
            tried = random.sample(list(lines), min(SAMPLE, len(lines)))  # a choice, no secret
        for line in tried:
            try:
                send([line])
            except RejectedLinesError:
                continue
            self.took(line)
            return
        raise StoreError(
            "the time-series store refuses whatever it is sent",
            where=self._where,
            found=reason,
            todo="look at its database or bucket, its limits, and at what stands before it",
        )

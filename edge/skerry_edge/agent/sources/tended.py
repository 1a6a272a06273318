"""A live source that is opened again whenever it fails, and watched while it delivers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Generic, TypeVar

from skerry_edge.agent.sources.health import SourceHealth
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.foundation.source_error import SourceError
from skerry_edge.vision.capture import Capture, Captured

T = TypeVar("T")


class TendedCapture(Generic[T]):
    """A capture that never fails: while its source does, there is nothing to take, and the parent knows why.

    ``open_capture`` begins anew; ``look`` is shown what was taken, and ``when_lost`` called at each failure. A capture
    that is silent for ``answer_s``, failures included, hangs in a driver and is left behind.
    """

    def __init__(
        self,
        open_capture: Callable[[], Capture[T]],
        health: SourceHealth,
        *,
        look: Callable[[Captured[T]], None],
        when_lost: Callable[[], None],
        answer_s: float,
    ) -> None:
        self._open_capture = open_capture
        self._health = health
        self._look = look
        self._when_lost = when_lost
        self._answer_s = answer_s
        self._capture: Capture[T] | None = None
        self._due_s = 0.0
        self._heard_s = 0.0
        self._drops: Counter[str] = Counter()

    def take(self, timeout_s: float) -> Captured[T] | None:
        """Return what the source gives, or None where it gives nothing within ``timeout_s`` (see Capture)."""
        now_s = time.monotonic()
        if self._capture is None:
            if now_s < self._due_s:
                time.sleep(min(timeout_s, self._due_s - now_s))
                return None
            self._capture, self._heard_s = self._open_capture(), now_s
        try:
            captured = self._take(self._capture, timeout_s)
        except SkerryError as error:
            self._leave(error)
            return None
        if captured is not None:
            self._heard_s = time.monotonic()
            self._look(captured)
        return captured

    def drops(self) -> dict[str, int]:
        """Return what was dropped since the last call, by cause."""
        drops, self._drops = self._drops, Counter()
        drops.update({} if self._capture is None else self._capture.drops())
        return dict(drops)

    def close(self) -> None:
        """Stop reading the source."""
        if self._capture is not None:
            self._capture.close()

    def _take(self, capture: Capture[T], timeout_s: float) -> Captured[T] | None:
        captured = capture.take(timeout_s)
        if captured is None and time.monotonic() - self._heard_s > self._answer_s:
            found = f"nothing for {self._answer_s:g} s, not even a failure"
            raise SourceError("stalled", "the source's driver does not answer", found=found)
        return captured

    def _leave(self, error: SkerryError) -> None:
        assert self._capture is not None  # noqa: S101  # it has just failed
        self._drops.update(self._capture.drops())
        self._capture.close()
        self._capture = None
        self._due_s = self._health.failed(error)
        self._when_lost()

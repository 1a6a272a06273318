"""A live source that is opened again whenever it fails, and watched while it delivers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Generic, TypeVar

from skerry_edge.agent.sources.health import SourceHealth
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.foundation.source_error import SourceError
from skerry_edge.vision.capture import Captured, LiveCapture

T = TypeVar("T")
MAX_LEFT_BEHIND = 3
"""Each reader that hangs in a driver keeps a thread and a descriptor, which only the end of the process gives back."""


class TendedCapture(Generic[T]):
    """A capture that does not fail: while its source does, there is nothing to take, and the parent knows why.

    Only a driver that hangs again and again is its end. ``open_capture`` begins anew; ``look`` is shown what was taken,
    and ``when_lost`` called at each failure. A reader that was given nothing for ``answer_s``, no failure either, hangs
    in a driver and is left behind.
    """

    def __init__(
        self,
        open_capture: Callable[[], LiveCapture[T]],
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
        self._capture: LiveCapture[T] | None = None
        self._left_behind: list[LiveCapture[T]] = []
        self._due_s = 0.0
        self._drops: Counter[str] = Counter()

    def take(self, timeout_s: float) -> Captured[T] | None:
        """Return what the source gives, or None where it gives nothing within ``timeout_s`` (see Capture).

        Raises SourceError when `MAX_LEFT_BEHIND` readers hang: with the process, all of them end.
        """
        now_s = time.monotonic()
        if self._capture is None:
            if now_s < self._due_s:
                time.sleep(min(timeout_s, self._due_s - now_s))
                return None
            self._capture = self._open_capture()
        try:
            captured = self._capture.take(timeout_s)
        except SkerryError as error:
            self._capture.close()
            self._leave(self._capture, error)
            return None
        if captured is not None:
            self._look(captured)
        elif time.monotonic() - self._capture.heard_s > self._answer_s:
            self._leave_behind(self._capture)
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

    def _leave_behind(self, capture: LiveCapture[T]) -> None:
        """Go on without a reader that hangs. Raises SourceError where there are too many of them."""
        capture.abandon()
        self._left_behind = [one for one in (*self._left_behind, capture) if one.is_reading]
        if len(self._left_behind) >= MAX_LEFT_BEHIND:
            found, todo = f"{MAX_LEFT_BEHIND} reads that never ended", "plug the source in anew, or restart the device"
            raise SourceError("stalled", "the source's driver hangs again and again", found=found, todo=todo)
        found = f"nothing for {self._answer_s:g} s, not even a failure"
        self._leave(capture, SourceError("stalled", "the source's driver does not answer", found=found))

    def _leave(self, capture: LiveCapture[T], error: SkerryError) -> None:
        self._drops.update(capture.drops())
        self._capture = None
        self._due_s = self._health.failed(error)
        self._when_lost()

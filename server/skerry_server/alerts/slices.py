"""The past in thin slices: short stretches at a regular distance, each read once, stand for days of telemetry.

What is usual for a fleet over days would be millions of points; an hour's first five minutes of every device are as
many as there are devices, and three days of such slices tell a median as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Slices(Generic[T]):
    """The newest ``count`` slices, which begin every ``step_ms`` (counted from 1970) and are ``length_ms`` long.

    A slice is to be read when it ended at least ``lag_ms`` ago. Pure.
    """

    def __init__(self, *, count: int, step_ms: int, length_ms: int, lag_ms: int) -> None:
        self.length_ms = length_ms
        self._count = count
        self._step_ms = step_ms
        self._lag_ms = lag_ms
        self._known: dict[int, T] = {}

    def due(self, now_ms: int) -> int | None:
        """Return where the newest slice that is not known begins, None where all are; forget those too old."""
        newest_ms = (now_ms - self._lag_ms - self.length_ms) // self._step_ms * self._step_ms
        wanted = range(newest_ms, newest_ms - self._count * self._step_ms, -self._step_ms)
        self._known = {begin_ms: slice_ for begin_ms, slice_ in self._known.items() if begin_ms in wanted}
        return next((begin_ms for begin_ms in wanted if begin_ms not in self._known), None)

    def put(self, begin_ms: int, slice_: T) -> None:
        """Note what was read of the slice that begins at ``begin_ms``."""
        self._known[begin_ms] = slice_

    def known(self) -> Iterator[tuple[int, T]]:
        """Yield what is known with where it begins, oldest first."""
        yield from sorted(self._known.items(), key=lambda item: item[0])

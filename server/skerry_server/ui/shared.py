"""Readings that all open pages share: many that ask at once cost one."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
Sites = frozenset[str] | None
"""The sites that whoever looks may see; None stands for all."""
MAX_KEPT = 256
REST = 20
"""So many times as long as a reading took, the next one waits: of a fleet that takes long to read, pages are older."""


@dataclass(slots=True)
class _Kept(Generic[T]):
    value: T | None = None
    due_s: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)


class Shared(Generic[T]):
    """What ``read`` gives for some sites, read anew every ``every_s``, or less often where that takes long.

    May be asked from any thread.
    """

    def __init__(
        self, read: Callable[[Sites], T], *, every_s: float, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._every_s = every_s
        self._clock_s = clock_s
        self._kept: OrderedDict[Sites, _Kept[T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, sites: Sites) -> T:
        """Return the newest reading for ``sites``. Raises what ``read`` raises."""
        with self._lock:
            kept = self._kept.setdefault(sites, _Kept())
            self._kept.move_to_end(sites)
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        with kept.lock:
            began_s = self._clock_s()
            if kept.value is None or began_s >= kept.due_s:
                kept.value = self._read(sites)
                ended_s = self._clock_s()
                kept.due_s = ended_s + max(self._every_s, REST * (ended_s - began_s))
            return kept.value

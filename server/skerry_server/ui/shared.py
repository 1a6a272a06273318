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


@dataclass(slots=True)
class _Kept(Generic[T]):
    value: T | None = None
    read_s: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)


class Shared(Generic[T]):
    """What ``read`` gives for some sites, at most ``every_s`` old. May be asked from any thread."""

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
            if kept.value is None or self._clock_s() - kept.read_s >= self._every_s:
                kept.value = self._read(sites)
                kept.read_s = self._clock_s()
            return kept.value

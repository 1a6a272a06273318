"""Failed sign-ins make the next one wait, by user and by address; and how often anyone may ask. Pure."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

FREE_FAILURES = 5
"""So many may fail before anyone waits: people mistype."""
FIRST_WAIT_S = 2.0
LAST_WAIT_S = 300.0
FORGET_AFTER_S = 3600.0
MAX_KEYS = 10_000
"""Names and addresses that are remembered; the ones that were quiet for longest make room."""


@dataclass(kw_only=True, slots=True)
class _Failures:
    count: int = 0
    at_s: float = 0.0


def wait_after(failures: int) -> float:
    """Return for how long nobody may try again after so many failures in a row, in seconds."""
    if failures < FREE_FAILURES:
        return 0.0
    return min(LAST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(failures - FREE_FAILURES, 20))


class SignInThrottle:
    """Failures by key (a user, an address). Times are monotonic seconds; may be used from any thread."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, keys: Iterable[str], *, now_s: float) -> float:
        """Return how long whoever has these keys must wait before the next try; 0 where none."""
        with self._lock:
            return max((self._left(key, now_s) for key in keys), default=0.0)

    def failed(self, keys: Iterable[str], *, now_s: float) -> None:
        """Count a failure against each of ``keys``."""
        with self._lock:
            for key in keys:
                one = self._failures.pop(key, None)
                if one is None or now_s - one.at_s > FORGET_AFTER_S:
                    one = _Failures()
                self._failures[key] = _Failures(count=one.count + 1, at_s=now_s)
            while len(self._failures) > MAX_KEYS:
                self._failures.popitem(last=False)

    def succeeded(self, keys: Iterable[str]) -> None:
        """Forget the failures of each of ``keys``."""
        with self._lock:
            for key in keys:
                self._failures.pop(key, None)

    def _left(self, key: str, now_s: float) -> float:
        one = self._failures.get(key)
        return 0.0 if one is None else max(0.0, one.at_s + wait_after(one.count) - now_s)


class RateLimit:
    """A bucket of ``burst`` requests by key, refilled at ``per_s``. May be used from any thread."""

    def __init__(self, *, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, *, now_s: float) -> int:
        """Take one request from the bucket of ``key``; return 0, or in how many whole seconds to ask again."""
        with self._lock:
            left, at_s = self._buckets.pop(key, (float(self._burst), now_s))
            left = min(float(self._burst), left + max(0.0, now_s - at_s) * self._per_s)
            is_allowed = left >= 1.0
            self._buckets[key] = (left - 1.0 if is_allowed else left, now_s)
            while len(self._buckets) > MAX_KEYS:
                self._buckets.popitem(last=False)
        return 0 if is_allowed else max(1, math.ceil((1.0 - left) / self._per_s))

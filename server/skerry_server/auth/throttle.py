"""Failed sign-ins make the next one wait, and how often anyone may ask. Pure."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

FREE_FAILURES = 5
"""So many may fail before anyone waits: people mistype."""
FIRST_WAIT_S = 2.0
LAST_WAIT_S = 300.0
USER_WAIT_S = 4.0
"""The longest wait for what others tried under a user's name from elsewhere."""
FORGET_AFTER_S = 3600.0
MAX_NAME_CHARS = 64
MAX_KEYS = 10_000
"""Names and addresses that are remembered; the ones that were quiet for longest make room."""


@dataclass(kw_only=True, slots=True)
class _Failures:
    count: int = 0
    at_s: float = 0.0


def wait_after(failures: int, *, at_most_s: float = LAST_WAIT_S) -> float:
    """Return for how long nobody may try again after so many failures in a row, in seconds."""
    if failures < FREE_FAILURES:
        return 0.0
    return min(at_most_s, FIRST_WAIT_S * 2.0 ** min(failures - FREE_FAILURES, 20))


class SignInThrottle:
    """Failures by address, by user and address, and by user. Times are monotonic seconds; for any thread.

    Whoever guesses from one address waits ever longer. Guesses from many addresses slow each other down too, but not
    whoever signed in from where they are before: else any stranger could keep a user out whose name is known.
    """

    def __init__(self) -> None:
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, user: str, address: str, *, now_s: float) -> float:
        """Return how long ``user`` must wait before the next try from ``address``; 0 where not."""
        with self._lock:
            is_known = _pair(user, address) in self._known
            waits = (
                one.at_s + wait_after(one.count, at_most_s=at_most_s) - now_s
                for key, at_most_s in _keys(user, address)
                if (one := self._failures.get(key)) is not None and not (is_known and at_most_s == USER_WAIT_S)
            )
            return max(0.0, max(waits, default=0.0))

    def failed(self, user: str, address: str, *, now_s: float) -> None:
        """Count a failure."""
        with self._lock:
            for key, _ in _keys(user, address):
                one = self._failures.pop(key, None)
                if one is None or now_s - one.at_s > FORGET_AFTER_S:
                    one = _Failures()
                self._failures[key] = _Failures(count=one.count + 1, at_s=now_s)
            while len(self._failures) > MAX_KEYS:
                self._failures.popitem(last=False)

    def take_back(self, user: str, address: str) -> None:
        """Count one failure less: nothing was tried after all."""
        with self._lock:
            for key, _ in _keys(user, address):
                if (one := self._failures.get(key)) is not None:
                    one.count = max(0, one.count - 1)

    def succeeded(self, user: str, address: str) -> None:
        """Forget the failures of ``user``, and of all from ``address``; ``user`` is known there from now on."""
        with self._lock:
            for key, _ in _keys(user, address):
                self._failures.pop(key, None)
            self._known[_pair(user, address)] = None
            self._known.move_to_end(_pair(user, address))
            while len(self._known) > MAX_KEYS:
                self._known.popitem(last=False)


def _keys(user: str, address: str) -> Iterator[tuple[str, float]]:
    """Yield what a failure is counted under, each with the longest wait that it leads to."""
    yield f"address {address}", LAST_WAIT_S
    yield _pair(user, address), LAST_WAIT_S
    yield f"user {user[:MAX_NAME_CHARS]}", USER_WAIT_S


def _pair(user: str, address: str) -> str:
    return f"{address} {user[:MAX_NAME_CHARS]}"


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

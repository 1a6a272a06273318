"""When a source that failed is opened again, and what of its failures is news; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from skerry_edge.foundation.backoff import Backoff
from skerry_edge.foundation.source_error import Reason

STABLE_AFTER_S = 10.0
"""A source that has delivered this long is well again: its next failure is the first of a row."""
BACKOFF = Backoff(first_s=0.5, max_s=30.0)
LOGIN_BACKOFF = Backoff(first_s=30.0, max_s=300.0)
"""Cameras lock an account out that fails too often."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outages:
    """How a source has been; times on the monotonic clock, in seconds.

    ``reason`` is why it does not deliver, None while it does; ``failures`` counts those in a row.
    """

    failures: int = 0
    reason: Reason | None = None
    delivers_since_s: float | None = None


def failed(outages: Outages, reason: Reason, now_s: float) -> Outages:
    """Return the outages after an attempt to open the source, or the source itself, has failed."""
    since_s = outages.delivers_since_s
    was_stable = since_s is not None and now_s - since_s >= STABLE_AFTER_S
    return Outages(failures=1 if was_stable else outages.failures + 1, reason=reason)


def delivered(outages: Outages, now_s: float) -> Outages:
    """Return the outages after the source gave something."""
    if outages.delivers_since_s is not None:
        return outages
    return replace(outages, reason=None, delivers_since_s=now_s)


def is_news(before: Outages, after: Outages) -> bool:
    """Tell whether something is to be reported: the source failed in a new way, or delivers again."""
    return before.reason != after.reason


def delay_s(outages: Outages, chance: float) -> float:
    """Return the wait before the next attempt, with ``chance`` uniform in [0, 1)."""
    backoff = LOGIN_BACKOFF if outages.reason == "unauthorized" else BACKOFF
    return backoff.delay_s(outages.failures, chance)

"""How soon a session connects again after each end of a connection, and what the log tells of it."""

from __future__ import annotations

import logging

from skerry_edge.foundation.backoff import Backoff, is_worth_logging

_log = logging.getLogger(__name__)
STABLE_AFTER_S = 10.0
"""A connection that lasted this long was a good one: the next failure is the first of a row."""


class Retries:
    """Counts the failures with one broker; ``chance`` is uniform in [0, 1) everywhere."""

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self._failures = 0
        self._told: str | None = None

    def after_letter(self, reason: str, chance: float) -> float:
        """Return the wait in seconds after the broker ended the connection over a letter, which is no failure.

        Whether and when that letter is tried again, and so how often this happens, is decided with its lane.
        """
        self._failures, self._told = 0, None
        _log.info("%s", reason)
        return self._backoff.delay_s(1, chance)

    def after_failure(self, reason: str, lasted_s: float, chance: float, *, lasting: bool) -> float:
        """Return the wait in seconds after a connection failed that had stood for ``lasted_s`` since its CONNACK."""
        if lasted_s >= STABLE_AFTER_S:
            # Not with every connection: what a broker refuses behind its CONNACK comes with each.
            self._failures, self._told = 0, None
        self._failures += 1
        delay_s = self._backoff.delay_s(self._failures, chance)
        self._tell(reason, delay_s, lasting=lasting)
        return delay_s

    def _tell(self, reason: str, delay_s: float, *, lasting: bool) -> None:
        """Log a failure: one that lasts when it is new, any other ever more seldom."""
        if lasting and reason != self._told:
            _log.error(
                "%s; this does not pass by itself: it is tried again at least every %.0f s, and not told again",
                reason,
                self._backoff.max_s,
            )
        elif not lasting and is_worth_logging(self._failures):
            _log.warning("%s; failure %d in a row, next attempt in %.1f s", reason, self._failures, delay_s)
        self._told = reason if lasting else None

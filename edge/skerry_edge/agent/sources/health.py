"""What a pipeline tells its parent of its source: failures, standstills, and when it is well again."""

from __future__ import annotations

import logging
import random
import time
from typing import Literal

from skerry_edge.agent.line.link import Link
from skerry_edge.agent.sources import reconnect
from skerry_edge.agent.sources.reconnect import Outages
from skerry_edge.foundation.backoff import is_worth_logging
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.foundation.source_error import reason_of
from skerry_edge.foundation.wall_clock import unix_ms

_log = logging.getLogger(__name__)
RESTORED = "source-restored"

Label = Literal["source-error", "source-frozen", "stalled-audio"]


class SourceHealth:
    """Keeps the state of one live source, and reports its changes.

    Events are labelled ``stalled`` where nothing comes, ``still`` where what comes is always the same, and
    `source-error` in all other cases.
    """

    def __init__(self, link: Link, *, stalled: Label, still: Label) -> None:
        self._link = link
        self._stalled = stalled
        self._still = still
        self._outages = Outages()
        self._trouble: str | None = None
        self._is_still = False

    def failed(self, error: SkerryError) -> float:
        """Tell that the source cannot be opened or has stopped, and return when to open it again (monotonic, s)."""
        now_s = time.monotonic()
        before, self._outages = self._outages, reconnect.failed(self._outages, reason_of(error), now_s)
        chance = random.random()  # noqa: S311  # spreads attempts; nothing secret
        wait_s = reconnect.delay_s(self._outages, chance)
        if reconnect.is_news(before, self._outages):
            self._tell(self._stalled if self._outages.reason == "stalled" else "source-error", str(error))
        if is_worth_logging(self._outages.failures):
            _log.warning(
                "the source failed, %d in a row: %s; next try in %.1f s", self._outages.failures, error, wait_s
            )
        self._link.progress(errors=1)
        self._is_still = False
        self._set_trouble(str(error))
        return now_s + wait_s

    def delivered(self) -> None:
        """Tell that the source gives something, where it did not before."""
        before, self._outages = self._outages, reconnect.delivered(self._outages, time.monotonic())
        if reconnect.is_news(before, self._outages):
            _log.info("the source delivers again")
            self._tell(RESTORED, "the source delivers again")
        if before is not self._outages:
            self._set_trouble(None)

    def judged(self, text: str, *, is_still: bool) -> None:
        """Tell that what comes is always the same, as ``text`` says, or that it moves again."""
        if is_still == self._is_still:
            return
        self._is_still = is_still
        if is_still:
            _log.warning("%s", text)
            self._tell(self._still, text)
        else:
            self._tell(RESTORED, "the source moves again")
        self._set_trouble(text if is_still else None)

    def _tell(self, label: str, message: str) -> None:
        self._link.find("system", label, ts_ms=unix_ms(), message=message)

    def _set_trouble(self, text: str | None) -> None:
        if text != self._trouble:
            self._trouble = text
            self._link.source_state(text)

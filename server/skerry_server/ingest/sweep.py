"""The sweep of silent devices: only while all workers hear, and in one process at a time (see LeasedJob)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from skerry_edge.foundation.errors import SkerryError
from skerry_server.health import Health
from skerry_server.presence import SilenceRules
from skerry_server.registry.database import Database
from skerry_server.registry.presence_rows import find_silent, mark_silent
from skerry_server.workers import read_workers

LOG = logging.getLogger(__name__)
LONGEST_PAUSE_S = 5.0
AT_ONCE = 500
"""So many devices are marked in one transaction: whoever else writes must not wait for a whole fleet."""
MAX_NAMED = 20
"""So many devices a line of the log names: after an outage it can be all."""
STEP_MS = 2_000
"""A wall clock that moves against the monotonic one by more than this has been set."""


class Deafness:
    """From when on silence counts: since the server hears and its clock was not set. Pure."""

    def __init__(self) -> None:
        self.floor_ms: int | None = None
        self._before: tuple[int, float] | None = None

    def turn(self, *, hears: bool, wall_ms: int, monotonic_s: float) -> int | None:
        """Note how things are; return from when on silence counts (Unix ms), None while it means nothing."""
        before, self._before = self._before, (wall_ms, monotonic_s)
        if not hears:
            self.floor_ms = None
            return None
        if before is not None and abs((wall_ms - before[0]) - (monotonic_s - before[1]) * 1000) > STEP_MS:
            self.floor_ms = None
        if self.floor_ms is None:
            self.floor_ms = wall_ms
        return self.floor_ms


class Sweep:
    """Marks devices that have been silent too long."""

    def __init__(self, *, database: Database, health: Health, rules: SilenceRules, now_ms: Callable[[], int]) -> None:
        self._database = database
        self._health = health
        self._rules = rules
        self._now_ms = now_ms
        self._deafness = Deafness()
        self._pause_s = min(LONGEST_PAUSE_S, max(0.05, rules.limit_s(None) / 20))

    async def run(self) -> None:
        """Sweep until cancelled; where another did so before, all devices have the full time again."""
        self._deafness = Deafness()
        while True:
            await asyncio.to_thread(self.turn)
            await asyncio.sleep(self._pause_s)

    def turn(self) -> None:
        """Look once, and mark who has been silent too long."""
        try:
            hears = self._health.hears() and self._is_recorded()
            floor_ms = self._deafness.turn(hears=hears, wall_ms=self._now_ms(), monotonic_s=time.monotonic())
            if floor_ms is not None:
                self._mark(floor_ms)
        except SkerryError as error:
            self._health.fails("registry", str(error))

    def _is_recorded(self) -> bool:
        """Tell whether what any worker receives is in the registry before the next heartbeat comes.

        While neither store nor spool takes anything, what devices send waits in memory or at the broker. One that is
        silent itself holds nothing back: it has ended, and what was sent to it goes to others or waits for it.
        """
        with self._database.reading() as session:
            workers = read_workers(session, self._health)
        told = [one.report for one in workers if one.report is not None and not one.is_silent]
        return all(report.waits_s <= self._rules.heartbeat_s for report in told)

    def _mark(self, floor_ms: int) -> None:
        with self._database.reading() as session:
            suspects = find_silent(session, self._rules, floor_ms=floor_ms, now_ms=self._now_ms())
        fallen: list[str] = []
        try:
            for start in range(0, len(suspects), AT_ONCE):
                some = suspects[start : start + AT_ONCE]
                with self._database.transaction() as session:
                    marked = mark_silent(session, some, self._rules, floor_ms=floor_ms, now_ms=self._now_ms())
                fallen += marked
        finally:
            if fallen:
                LOG.warning("nothing heard for too long from %s", _listed(fallen))


def _listed(devices: Sequence[str]) -> str:
    """Return a few names in words, and how many more there are."""
    rest = len(devices) - MAX_NAMED
    return ", ".join(devices[:MAX_NAMED]) + (f" and {rest} more" if rest > 0 else "")

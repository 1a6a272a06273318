"""A job that only one process may do: done here while this process holds its lease, and left when it does not."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from skerry_edge.foundation.errors import SkerryError
from skerry_server.registry.database import Database
from skerry_server.registry.leases import acquire, release
from skerry_server.tasks import end_all
from skerry_server.threads import Threads

LOG = logging.getLogger(__name__)
TERM_S = 15.0
"""For so long a job stands still at most when the process that did it is killed."""
RENEW_S = TERM_S / 3


class LeasedJob:
    """Runs ``work`` in whichever of all processes has the lease called ``name``; ``holder`` is this one's own name."""

    def __init__(
        self, *, database: Database, name: str, holder: str, work: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        self._database = database
        self._name = name
        self._holder = holder
        self._work = work
        # Its own: behind whatever else hangs in this process, the lease would lapse.
        self._thread = Threads("lease", most=1)

    async def run(self) -> None:
        """Ask for the lease and do the work while it is held, until cancelled."""
        while True:
            until_s = await self._ask()
            if until_s is not None:
                LOG.info("this process does the job '%s'", self._name)
                await self._hold(until_s)
                LOG.info("this process does the job '%s' no more", self._name)
            await asyncio.sleep(RENEW_S)

    def give_up(self) -> None:
        """Let another process have the job at once, rather than when the lease ends."""
        try:
            with self._database.transaction() as session:
                release(session, self._name, self._holder)
        except SkerryError as error:
            LOG.info("the lease '%s' was not given back, and ends by itself: %s", self._name, error)

    async def _hold(self, until_s: float) -> None:
        """Do the work until the lease is lost: counted on the monotonic clock, from before it was asked for."""
        working = asyncio.create_task(self._work())
        try:
            while time.monotonic() < until_s:
                done, _ = await asyncio.wait({working}, timeout=min(RENEW_S, until_s - time.monotonic()))
                if done:
                    working.result()
                    return
                # Refused or not answered: what was granted still holds for its time.
                until_s = await self._ask() or until_s
        finally:
            await end_all({working})

    async def _ask(self) -> float | None:
        """Return until when (monotonic seconds) the lease is granted, None where another has it or nobody answers."""
        asked_s = time.monotonic()
        try:
            granted = await self._thread.run(self._acquire)
        except SkerryError as error:
            LOG.info("the lease '%s' cannot be asked for: %s", self._name, error)
            return None
        return asked_s + TERM_S if granted else None

    def _acquire(self) -> bool:
        with self._database.transaction() as session:
            return acquire(session, self._name, self._holder, term_ms=round(TERM_S * 1000))

"""Runs the chores, each at its own pace and in threads, until cancelled."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

from skerry_edge.foundation.errors import SkerryError
from skerry_server.errors import StoreError
from skerry_server.upkeep.chores import Chore
from skerry_server.upkeep.schedule import Course, after_failure, after_step, pause_s

LOG = logging.getLogger(__name__)
NS_PER_MS = 1_000_000


class Upkeep:
    """The chores and how each is getting on."""

    def __init__(self, chores: Sequence[Chore]) -> None:
        self._chores = chores
        self._courses = {chore.name: Course() for chore in chores}

    @property
    def courses(self) -> Mapping[str, Course]:
        """How each chore is getting on in this process, by name."""
        return dict(self._courses)

    async def run(self) -> None:
        """Do what there is to do until cancelled, as when the lease is lost; a step that has begun ends by itself."""
        await asyncio.gather(*(self._keep_at(chore) for chore in self._chores))

    async def _keep_at(self, chore: Chore) -> None:
        while True:
            wait_s = await self._step(chore)
            await asyncio.sleep(wait_s)

    async def _step(self, chore: Chore) -> float:
        """Do one step of ``chore``, note it, and return how long to wait."""
        began_s, now_ns = time.monotonic(), time.time_ns()
        asked_for_s: float | None = None
        before = self._courses[chore.name]
        try:
            step = await asyncio.to_thread(chore.step, now_ns)
        except SkerryError as error:
            after = after_failure(before, str(error), now_ms=now_ns // NS_PER_MS)
            asked_for_s = error.retry_after_s if isinstance(error, StoreError) else None
            # One line for a row of failures: the state says how many there were.
            if after.failures == 1:
                LOG.warning("upkeep of the %s failed and is tried again: %s", chore.name, error)
        else:
            after = after_step(before, step.detail, is_done=step.is_done, now_ms=now_ns // NS_PER_MS)
        self._courses[chore.name] = after
        return pause_s(after, took_s=time.monotonic() - began_s, asked_for_s=asked_for_s)

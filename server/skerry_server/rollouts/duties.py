"""What updates need of one process at a time, put together: rollouts brought forward, and their repository kept fresh.

It is part of the processes with an API: a rollout's devices, held in memory, are no burden for an ingest worker, and
the repository lies where it is served from.
"""

from __future__ import annotations

import asyncio
import os
import socket

from skerry_server.config.server import Settings
from skerry_server.health import Health, now_ms
from skerry_server.leased_job import LeasedJob
from skerry_server.registry.database import Database
from skerry_server.rollouts.hearing import hears
from skerry_server.rollouts.job import RolloutJob
from skerry_server.rollouts.post import LEASE as ROLLOUTS
from skerry_server.rollouts.refreshing import LEASE as REFRESH
from skerry_server.rollouts.refreshing import open_refreshing
from skerry_server.stores.archive import Archive
from skerry_server.tasks import end_all
from skerry_server.workers import read_workers


class UpdateDuties:
    """Does each of both jobs while this process has its lease; the second only where the online key is here."""

    def __init__(self, settings: Settings, *, store: Archive, database: Database, health: Health) -> None:
        holder = f"{settings.config.broker.client_id}@{socket.gethostname()}:{os.getpid()}"
        rollouts = RolloutJob(
            database=database,
            store=store,
            health=health,
            holder=holder,
            hears=lambda session: hears(read_workers(session, health)),
            now_ms=now_ms,
        )
        refreshing = open_refreshing(settings, health)
        self._jobs = [LeasedJob(database=database, name=ROLLOUTS, holder=holder, work=rollouts.run)]
        if refreshing is not None:
            self._jobs.append(LeasedJob(database=database, name=REFRESH, holder=holder, work=refreshing.run))

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then let another process go on at once."""
        tasks = {asyncio.create_task(job.run()) for job in self._jobs}
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end_all({stopping, *tasks})
            for job in self._jobs:
                job.give_up()

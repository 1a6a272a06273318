"""Alerting put together: the lookout, which one process does, and the courier, which every process may do.

It is part of the processes with an API: the fleet as a whole, held in memory, is no burden for an ingest worker.
"""

from __future__ import annotations

import asyncio
import os
import socket

from skerry_server.alerts.channels import open_channels
from skerry_server.alerts.courier import Courier
from skerry_server.alerts.history import History
from skerry_server.alerts.lookout import Lookout
from skerry_server.alerts.post import LEASE
from skerry_server.config.server import Settings
from skerry_server.health import Health, now_ms
from skerry_server.leased_job import LeasedJob
from skerry_server.registry.database import Database
from skerry_server.stores.archive import Archive
from skerry_server.tasks import end_all


class Alerting:
    """Looks while this process has the lease, and brings what is to be told.

    Raises ConfigError, ReachError, MissingError.
    """

    def __init__(self, settings: Settings, *, store: Archive, database: Database, health: Health) -> None:
        config = settings.config
        channels = open_channels(settings)
        holder = f"{config.broker.client_id}@{socket.gethostname()}:{os.getpid()}"
        lookout = Lookout(
            alerts=config.alerts,
            channels=channels,
            database=database,
            history=History(store, database),
            health=health,
            holder=holder,
            now_ms=now_ms,
        )
        self._courier = Courier(channels=channels, database=database, health=health, now_ms=now_ms)
        self._job = LeasedJob(database=database, name=LEASE, holder=holder, work=lookout.run)

    async def run(self, stop: asyncio.Event) -> None:
        """Look and tell until ``stop`` is set, then let another process look at once."""
        tasks = {asyncio.create_task(one) for one in (self._courier.run(), self._job.run())}
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end_all({stopping, *tasks})
            self._job.give_up()

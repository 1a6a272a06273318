"""Ingest put together: spool, consumer, worker, watch and sweep over one store and one registry."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import Any

from skerry_server.allocator import give_back_often
from skerry_server.config.server import Settings
from skerry_server.health import Health, now_ms
from skerry_server.ingest.committing import committer_of, silence_rules
from skerry_server.ingest.consumer import Consumer
from skerry_server.ingest.intake import Intake
from skerry_server.ingest.link import Access
from skerry_server.ingest.sweep import Sweep
from skerry_server.ingest.watch import Watch
from skerry_server.ingest.worker import Worker
from skerry_server.leased_job import LeasedJob
from skerry_server.registry.database import Database
from skerry_server.spool.spool import Spool
from skerry_server.stores.archive import TimeSeriesStore
from skerry_server.stores.opening import known_durable_after_s
from skerry_server.tasks import end_all
from skerry_server.upkeep.chores import RegistryChore, TelemetryChore
from skerry_server.upkeep.runner import Upkeep

DRAIN_S = 3.0
CLOSE_S = 5.0


class Ingesting:
    """One worker. It holds its spool from the start: a second one under the same name is refused with SpoolError."""

    def __init__(
        self, settings: Settings, access: Access, *, store: TimeSeriesStore, database: Database, health: Health
    ) -> None:
        config = settings.config
        self._health = health
        self._spool = Spool(
            settings.spool_folder,
            budget_bytes=config.ingest.spool_mb * 1_000_000,
            durable_after_s=known_durable_after_s(config.store),
        )
        self._spool.open()
        self._intake = Intake()
        self._worker = Worker(
            intake=self._intake,
            committer=committer_of(config, store, database),
            spool=self._spool,
            health=health,
            replay_per_s=config.ingest.replay_per_s,
        )
        self._consumer = Consumer(access, intake=self._intake, health=health)
        self._watch = Watch(
            store=store,
            database=database,
            health=health,
            unwritable=self._worker.unwritable,
            learned=self._worker.durability.learn,
        )
        holder = f"{access.client_id}@{socket.gethostname()}:{os.getpid()}"
        sweep = Sweep(database=database, health=health, rules=silence_rules(config), now_ms=now_ms)
        upkeep = Upkeep([TelemetryChore(store, config.telemetry), RegistryChore(database, config.retention)])
        self._jobs = [
            LeasedJob(database=database, name=name, holder=holder, work=work)
            for name, work in (("sweep", sweep.run), ("upkeep", upkeep.run))
        ]

    async def run(self, stop: asyncio.Event) -> None:
        """Take in until ``stop`` is set, then let what arrived become durable, bounded in time, and hang up."""
        hang_up = asyncio.Event()
        consuming: asyncio.Task[Any] = asyncio.create_task(self._consumer.run(hang_up))
        endless = {
            asyncio.create_task(one)
            for one in (
                self._worker.run(),
                self._worker.tend(),
                self._worker.replay.run(),
                self._watch.run(),
                give_back_often(),
                *(job.run() for job in self._jobs),
            )
        }
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({consuming, *endless, stopping}, return_when=asyncio.FIRST_COMPLETED)
            # Acknowledgements need the connection, so it ends after what arrived is durable.
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._intake.drain(), DRAIN_S)
            hang_up.set()
            await asyncio.wait({consuming}, timeout=CLOSE_S)
            await end_all({consuming, *endless, stopping})
        finally:
            # From the last to the first, whatever any of them raises.
            with contextlib.ExitStack() as closing:
                closing.callback(self._spool.close)
                for job in self._jobs:
                    closing.callback(job.give_up)
                closing.callback(self._worker.close)

"""The worker: takes batches, makes them durable however long that takes, and only then lets them be acknowledged."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from skerry_edge.foundation.errors import SkerryError
from skerry_server.errors import RegistryError
from skerry_server.health import Health, PartName, now_ms
from skerry_server.ingest.commit import Committed, bury, commit
from skerry_server.ingest.intake import Intake
from skerry_server.ingest.validate import Delivery
from skerry_server.presence import Silence
from skerry_server.registry.database import Database
from skerry_server.registry.devices import present_devices
from skerry_server.registry.recording import mark_silent
from skerry_server.stores.base import Store

T = TypeVar("T")
LOG = logging.getLogger(__name__)
FIRST_RETRY_S = 0.25
LAST_RETRY_S = 15.0
PROBE_S = 5.0
SWEEP_S = 0.5


class Worker:
    """Everything that writes, in one thread of its own, so that the event loop keeps answering."""

    def __init__(self, *, intake: Intake, store: Store, database: Database, health: Health, silence: Silence) -> None:
        self._intake = intake
        self._store = store
        self._database = database
        self._health = health
        self._silence = silence
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")
        # A full disk can still be read: a probe that succeeds does not speak for a part that a write waits for.
        self._unwritable: set[PartName] = set()

    async def run(self) -> None:
        """Commit batch after batch until cancelled."""
        while True:
            batch = await self._intake.take()
            try:
                self._note(await self._persist(partial(commit, batch, self._store, self._database)), len(batch))
            except Exception:
                LOG.exception("a batch of %d failed unforeseen; taking its messages one by one", len(batch))
                for one in batch:
                    self._note(await self._persist(partial(self._commit_or_bury, one)), 1)
            self._intake.settle()

    async def watch(self) -> None:
        """Ask store and registry how they are, again and again, so that health tells the truth when nothing comes."""
        while True:
            # A thread of its own: behind a commit that hangs, the question would wait as well.
            await asyncio.gather(asyncio.to_thread(self._probe_store), asyncio.to_thread(self._probe_registry))
            await asyncio.sleep(PROBE_S)

    async def sweep(self) -> None:
        """Mark devices that have been silent too long, unless the server itself was deaf meanwhile."""
        for device in await self._persist(self._present_devices):
            self._silence.hear(device, time.monotonic())
        was_deaf = True
        while True:
            await asyncio.sleep(SWEEP_S)
            if not self._health.is_ok():
                was_deaf = True
                continue
            if was_deaf:
                self._silence.restart(time.monotonic())
                was_deaf = False
            expired = self._silence.take_expired(time.monotonic())
            if expired:
                await self._persist(partial(self._mark, expired))

    def close(self) -> None:
        """Let the writing thread end after what it is doing."""
        self._thread.shutdown(wait=True)

    async def _persist(self, step: Callable[[], T]) -> T:
        """Do ``step`` in the writing thread, again and again until store and registry take it."""
        delay_s = FIRST_RETRY_S
        failed: set[PartName] = set()
        while True:
            try:
                outcome = await asyncio.get_running_loop().run_in_executor(self._thread, step)
            except SkerryError as error:  # noqa: PERF203  # trying again is what the loop is for
                part: PartName = "registry" if isinstance(error, RegistryError) else "store"
                failed.add(part)
                self._unwritable.add(part)
                self._health.fails(part, str(error))
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, LAST_RETRY_S)
            else:
                self._unwritable -= failed
                return outcome

    def _commit_or_bury(self, delivery: Delivery) -> Committed:
        try:
            return commit([delivery], self._store, self._database)
        except SkerryError:
            raise
        except Exception as error:  # this message must not stop all that come after it
            LOG.exception("a message on %r cannot be handled and becomes a dead letter", delivery.topic)
            return bury(delivery, error, self._database)

    def _note(self, committed: Committed, count: int) -> None:
        self._health.works("registry", self._database.where)
        self._health.settle(durable=count, dead=len(committed.letters))
        # One line for each reason in a batch: a device that babbles must not fill the disk through the log.
        for reason, letters in Counter(letter.reason for letter in committed.letters).items():
            first = next(letter for letter in committed.letters if letter.reason == reason)
            LOG.warning("%d dead letters (%s), the first on %r: %s", letters, reason, first.topic, first.detail)
        if committed.recorded.trimmed_letters:
            LOG.warning("%d old dead letters made room for new ones", committed.recorded.trimmed_letters)
        for device in committed.recorded.heard:
            self._silence.hear(device, time.monotonic())

    def _mark(self, devices: list[str]) -> None:
        with self._database.transaction() as session:
            fallen = mark_silent(session, devices, now_ms=now_ms(), limit_s=self._silence.limit_s)
        if fallen:
            LOG.warning("nothing heard for %g s from: %s", self._silence.limit_s, ", ".join(fallen))

    def _present_devices(self) -> list[str]:
        with self._database.transaction() as session:
            return present_devices(session)

    def _probe_store(self) -> None:
        try:
            info = self._store.probe()
        except SkerryError as error:
            self._health.fails("store", str(error))
        else:
            if "store" not in self._unwritable:
                self._health.works("store", f"{info.product} {info.version} at {info.where}")

    def _probe_registry(self) -> None:
        try:
            self._database.probe()
        except SkerryError as error:
            self._health.fails("registry", str(error))
        else:
            if "registry" not in self._unwritable:
                self._health.works("registry", self._database.where)

"""The worker: takes batches, makes each durable in the store or in the spool, and only then lets it be acknowledged."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FuturesTimeoutError
from functools import partial
from typing import TypeVar

from skerry_server.errors import SpoolError
from skerry_server.health import Health, now_ms
from skerry_server.ingest.attempts import Attempted, Attempts
from skerry_server.ingest.commit import Committer, Prepared
from skerry_server.ingest.durability import Durability
from skerry_server.ingest.intake import Intake
from skerry_server.ingest.replay import Replay
from skerry_server.ingest.spool_report import SpoolReport
from skerry_server.ingest.validate import Delivery
from skerry_server.spool.spool import Spool, Taken

LOG = logging.getLogger(__name__)
T = TypeVar("T")
FIRST_RETRY_S = 0.25
LAST_RETRY_S = 15.0
BATCHES_UNDER_WAY = 2
CLOSE_S = 10.0
"""How long each thread is waited for at the end: leases and spool are to be let go of before a supervisor kills."""
TURN_S = 0.25
"""How often soft state and the spool's health are looked at when nothing arrives."""


class Worker:
    """Everything that writes, in threads of its own, so that the event loop keeps answering.

    One thread does all but write to the store, which another waits for meanwhile: the steps of a batch overlap with
    those of the next. ``replay`` and ``tend`` are to run beside ``run``; ``durability`` is to be told what probes of
    the store find.
    """

    def __init__(
        self, *, intake: Intake, committer: Committer, spool: Spool, health: Health, replay_per_s: int
    ) -> None:
        self._intake = intake
        self._spool = spool
        self._health = health
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")
        self._store_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._slots = asyncio.Semaphore(BATCHES_UNDER_WAY)
        self._preparing, self._writing, self._finishing = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()
        self._write_began_s: float | None = None
        self._fault: Exception | None = None
        self._failed = asyncio.Event()
        health.follow(lambda: intake.oldest_ms)
        self._report = SpoolReport(spool, health)
        self._attempts = Attempts(committer, health, lost=spool.owe_all)
        self.unwritable = self._attempts.unwritable
        self.durability = Durability(spool, self._report)
        self.replay = Replay(
            attempts=self._attempts,
            spool=spool,
            report=self._report,
            metrics=health.metrics,
            per_s=replay_per_s,
            in_thread=self._in_thread,
        )

    async def run(self) -> None:
        """Make batch after batch durable until cancelled; one is prepared while the store takes the one before.

        Raises what a batch failed with. Whatever a batch can bring is handled on its way, so that is a fault of ours:
        it ends the process, which a supervisor starts again, and not only this batch.
        """
        taking, failing = asyncio.ensure_future(self._take_on()), asyncio.ensure_future(self._failed.wait())
        try:
            await asyncio.wait({taking, failing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            taking.cancel()
            failing.cancel()
        if self._fault is not None:
            raise self._fault
        taking.result()

    async def _take_on(self) -> None:
        under_way: set[asyncio.Task[None]] = set()
        try:
            while True:
                await self._slots.acquire()
                batch = await self._intake.take()
                task = asyncio.create_task(self._bring_through(batch))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
        finally:
            for task in under_way:
                task.cancel()

    async def tend(self) -> None:
        """Write soft state and tell how the spool is, again and again until cancelled."""
        while True:
            await asyncio.sleep(TURN_S)
            await self._in_thread(self._attempts.flush_if_due)
            await self._in_thread(self._report.tell)
            self._health.turned(under_way_since_s=self._write_began_s)

    def close(self) -> None:
        """Write what is soft, if that can be done, and let both threads end; one that hangs is waited for so long only.

        Raises what a fault of ours made of that, as `run` does.
        """
        try:
            self._thread.submit(self._attempts.flush).result(CLOSE_S)
            # What is being written is not acknowledged, and comes again.
            self._store_thread.submit(_nothing).result(CLOSE_S)
        except FuturesTimeoutError:
            LOG.warning("the store or the registry does not return from what it was asked before this process ends")
        finally:
            for thread in (self._thread, self._store_thread):
                thread.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, step: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, step)

    async def _bring_through(self, batch: Sequence[Delivery]) -> None:
        """Return when ``batch`` is durable and acknowledged, however long that takes."""
        try:
            # asyncio's locks are fair, so batches stay in their order.
            async with self._preparing:
                began_s = time.monotonic()
                prepared = await self._in_thread(partial(self._attempts.prepare, batch))
            async with self._writing:
                generation = self._spool.generation
                prepared = await self._in_store_thread(prepared)
            async with self._finishing:
                await self._make_durable(batch, prepared, generation)
                self._settle(batch, time.monotonic() - began_s)
        except Exception as error:  # noqa: BLE001  # the process ends with whatever it is
            self._fault = self._fault or error
            self._failed.set()
        finally:
            self._slots.release()

    async def _in_store_thread(self, prepared: Prepared | None) -> Prepared | None:
        if prepared is None:
            return None
        written = partial(self._attempts.write, prepared)
        self._write_began_s = time.monotonic()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._store_thread, written)
        finally:
            self._write_began_s = None

    async def _make_durable(self, batch: Sequence[Delivery], prepared: Prepared | None, generation: int) -> None:
        owed = await self._in_thread(partial(self._finish, batch, prepared, generation))
        delay_s = FIRST_RETRY_S
        while owed:
            # Neither store nor spool takes it: it stays unacknowledged, and both are asked again.
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, LAST_RETRY_S)
            owed = await self._in_thread(partial(self._try_again, owed))
        self._report.over("writing")

    def _finish(self, batch: Sequence[Delivery], prepared: Prepared | None, generation: int) -> Sequence[Delivery]:
        """Record ``batch``, spool what of it is not durable, and return what cannot be spooled either."""
        if prepared is None:
            return self._spooled(Attempted(owed=batch), generation)
        attempted = self._attempts.record(batch, prepared)
        self._attempts.flush_if_due()
        return self._spooled(attempted, generation)

    def _try_again(self, batch: Sequence[Delivery]) -> Sequence[Delivery]:
        """Commit ``batch`` in one go, spool what of it is not durable, and return what cannot be spooled either."""
        generation = self._spool.generation
        return self._spooled(self._attempts.commit(batch), generation)

    def _spooled(self, attempted: Attempted, generation: int) -> Sequence[Delivery]:
        """Spool what is owed, and what the store, in the spool's ``generation``, took and may lose; return the rest."""
        kept = attempted.stored if self._spool.durable_after_s != 0 else ()
        try:
            if attempted.owed:
                self._spool.append(attempted.owed)
                self._health.metrics.spooled.add(len(attempted.owed))
            if kept:
                self._spool.append(kept, taken=Taken(at_s=time.monotonic(), generation=generation))
        except SpoolError as error:
            self._report.fails("writing", error)
            # Nothing else can take it.
            self._attempts.cut_short()
            return [*attempted.owed, *kept]
        return ()

    def _settle(self, batch: Sequence[Delivery], took_s: float) -> None:
        # Behind a batch that failed, this raises: the two come again together.
        self._intake.settle(batch)
        self._health.settle(len(batch))
        self._health.metrics.batch_seconds.observe(took_s)
        self._health.metrics.batch_messages.observe(len(batch))
        self._health.metrics.lag_seconds.observe(max(0.0, (now_ms() - batch[0].received_ms) / 1e3))
        self._health.metrics.waiting.value = self._intake.waiting


def _nothing() -> None:
    """Take a turn in a thread, after all that was asked of it before."""

"""The worker: takes batches, makes each durable in the store or in the spool, and only then lets it be acknowledged."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from skerry_edge.foundation.errors import SkerryError
from skerry_server.errors import RegistryError, SpoolError
from skerry_server.health import Health, PartName, now_ms
from skerry_server.ingest.commit import Committed, Committer, Prepared
from skerry_server.ingest.intake import Intake
from skerry_server.ingest.pauses import Pause
from skerry_server.ingest.validate import Delivery
from skerry_server.spool.segment import Segment
from skerry_server.spool.spool import Spool

T = TypeVar("T")
LOG = logging.getLogger(__name__)
FIRST_RETRY_S = 0.25
LAST_RETRY_S = 15.0
REPLAY_CHUNK = 1_000
BATCHES_UNDER_WAY = 2
TURN_S = 0.25
"""How often soft state, the spool and what could not be written are looked at when nothing arrives."""


class Worker:
    """Everything that writes, in threads of its own, so that the event loop keeps answering.

    One thread does all but write to the store, which another waits for meanwhile.
    """

    def __init__(
        self, *, intake: Intake, committer: Committer, spool: Spool, health: Health, replay_per_s: int
    ) -> None:
        self._intake = intake
        self._committer = committer
        self._store = committer.store_pause
        self._spool = spool
        self._health = health
        self._replay_per_s = replay_per_s
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")
        self._store_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._slots = asyncio.Semaphore(BATCHES_UNDER_WAY)
        self._preparing, self._finishing = asyncio.Lock(), asyncio.Lock()
        self._registry = Pause()
        self._fault: BaseException | None = None

    def unwritable(self) -> frozenset[PartName]:
        """Return the parts that the last write failed at; a probe that succeeds does not speak for them."""
        pauses: tuple[tuple[PartName, Pause], ...] = (("store", self._store), ("registry", self._registry))
        return frozenset(name for name, pause in pauses if pause.error is not None)

    async def run(self) -> None:
        """Make batch after batch durable until cancelled; one is prepared while the store takes the one before."""
        under_way: set[asyncio.Task[None]] = set()
        try:
            while True:
                await self._slots.acquire()
                if self._fault is not None:
                    raise self._fault
                batch = await self._intake.take()
                task = asyncio.create_task(self._bring_through(batch))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                task.add_done_callback(self._note_fault)
        finally:
            for task in under_way:
                task.cancel()

    async def tend(self) -> None:
        """Bring in what is spooled, write soft state and let go of what is safe, again and again until cancelled."""
        while True:
            await asyncio.sleep(TURN_S)
            if self._committer.flush_is_due() and not self._registry.holds:
                await self._in_thread(self._flush)
            if not (self._registry.holds or self._store.holds):
                await self._replay()
            await self._in_thread(self._expire)
            self._health.turned()

    def recover(self) -> None:
        """Owe the store all that it may have lost: it was started again."""
        self._spool.owe_all()

    def set_durable_after(self, seconds: float) -> None:
        """Keep in the spool, for so long, what the store took."""
        self._spool.durable_after_s = seconds

    def close(self) -> None:
        """Write what is soft, if that can be done, and let the writing thread end after it."""
        if len(self._committer):
            self._thread.submit(self._flush).result()
        self._store_thread.shutdown(wait=True)
        self._thread.shutdown(wait=True)

    async def _in_thread(self, step: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, step)

    def _note_fault(self, task: asyncio.Task[None]) -> None:
        # Whatever a batch can bring is handled on its way, so this is a fault of ours: it ends the process, which a
        # supervisor starts again, and not only this batch.
        self._fault = None if task.cancelled() else task.exception()

    async def _bring_through(self, batch: Sequence[Delivery]) -> None:
        """Return when ``batch`` is durable and acknowledged, however long that takes."""
        try:
            # asyncio's locks are fair, so batches stay in their order.
            async with self._preparing:
                began_s = time.monotonic()
                prepared = await self._in_thread(partial(self._prepare, batch))
            async with self._finishing:
                await self._make_durable(batch, prepared)
                self._intake.settle()
                self._note_settled(batch, time.monotonic() - began_s)
        finally:
            self._slots.release()

    async def _make_durable(self, batch: Sequence[Delivery], prepared: Prepared | None) -> None:
        if prepared is not None:
            prepared = await asyncio.get_running_loop().run_in_executor(self._store_thread, self._write, prepared)
        owed = batch if prepared is None else await self._in_thread(partial(self._record, batch, prepared))
        delay_s = FIRST_RETRY_S
        while owed and not await self._in_thread(partial(self._spool_all, owed)):
            # Neither store nor spool takes it: it stays unacknowledged, and both are asked again.
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, LAST_RETRY_S)
            owed = await self._in_thread(partial(self._commit, owed))

    def _prepare(self, batch: Sequence[Delivery]) -> Prepared | None:
        """Return ``batch`` prepared, None where that cannot be done now."""
        if self._registry.holds:
            return None
        try:
            return self._committer.prepare(batch)
        except RegistryError as error:
            self._fail(error)
        except Exception:
            LOG.exception("a batch of %d cannot be prepared", len(batch))
        return None

    def _write(self, prepared: Prepared) -> Prepared | None:
        try:
            return self._committer.write(prepared)
        except Exception:
            LOG.exception("%d points cannot be written", len(prepared.points))
        return None

    def _record(self, batch: Sequence[Delivery], prepared: Prepared) -> Sequence[Delivery]:
        """Record ``prepared``, and return what of ``batch`` is owed to store or registry."""
        try:
            owed = self._note_committed(self._committer.record(prepared))
        except RegistryError as error:
            self._fail(error)
        except Exception:
            LOG.exception("a batch of %d cannot be recorded", len(batch))
        else:
            if self._committer.flush_is_due():
                self._flush()
            return owed
        return batch

    def _spool_all(self, owed: Sequence[Delivery]) -> bool:
        """Spool what cannot be committed; tell whether it is on disk."""
        try:
            self._spool.append(owed)
        except SpoolError as error:
            self._health.fails("spool", str(error))
            # Nothing else can take it.
            self._registry.cut_short()
            self._store.cut_short()
            return False
        self._health.metrics.spooled.add(len(owed))
        self._report_spool()
        return True

    def _commit(self, batch: Sequence[Delivery]) -> Sequence[Delivery]:
        """Commit ``batch`` in one go, and return what of it is owed to store or registry."""
        if self._registry.holds:
            return batch
        try:
            committed = self._committer.commit(batch)
        except RegistryError as error:
            self._fail(error)
            return batch
        except Exception:
            LOG.exception("a batch of %d failed unforeseen; taking its messages one by one", len(batch))
            return [owed for one in batch for owed in self._commit_alone(one)]
        return self._note_committed(committed)

    def _commit_alone(self, delivery: Delivery) -> Sequence[Delivery]:
        """Commit or bury one message, which must not stop all that come after it; return it where it is owed."""
        try:
            try:
                committed = self._committer.commit([delivery])
            except SkerryError:
                raise
            except Exception as error:  # whatever it is, the next message may be well
                LOG.exception("a message on %r cannot be handled and becomes a dead letter", delivery.topic)
                committed = self._committer.bury(delivery, error)
        except RegistryError as error:
            self._fail(error)
            return [delivery]
        return self._note_committed(committed)

    def _note_committed(self, committed: Committed) -> Sequence[Delivery]:
        """Note what a commit did, and return what of it is owed."""
        self._registry.end()
        for reason, count in Counter(letter.reason for letter in committed.letters).items():
            # One line for each reason in a batch: a device that babbles must not fill the disk through the log.
            first = next(letter for letter in committed.letters if letter.reason == reason)
            self._health.metrics.dead.add(reason, count)
            LOG.warning("%d dead letters (%s), the first on %r: %s", count, reason, first.topic, first.detail)
        if committed.trimmed_letters:
            LOG.warning("%d old dead letters made room for new ones", committed.trimmed_letters)
        self._health.metrics.stored.add(committed.points)
        if committed.store_error is not None:
            # What it took before it failed, it may have lost.
            self._spool.owe_all()
            self._health.fails("store", str(committed.store_error))
            return committed.unstored
        return self._keep(committed.stored)

    def _keep(self, stored: Sequence[Delivery]) -> Sequence[Delivery]:
        """Spool what the store has taken and may still lose; return what could not be."""
        if stored and self._spool.durable_after_s > 0:
            try:
                self._spool.append(stored, taken_s=time.monotonic())
            except SpoolError as error:
                self._health.fails("spool", str(error))
                return stored
        return ()

    def _fail(self, error: RegistryError) -> None:
        # It may not be as it was when it comes back.
        self._committer.forget()
        self._registry.begin(error)
        self._health.fails("registry", str(error))

    async def _replay(self) -> None:
        """Bring in one segment of the spool, if one is owed, at the rate that is allowed."""
        segment = self._spool.first_owed()
        if segment is None:
            return
        try:
            contents = await self._in_thread(partial(self._spool.read, segment))
        except SpoolError as error:
            self._health.fails("spool", str(error))
            self._spool.set_aside(segment)
            return
        if contents.damaged_bytes:
            LOG.error("the spool is damaged: %d bytes in %s are lost", contents.damaged_bytes, segment.path)
        for start in range(0, len(contents.deliveries), REPLAY_CHUNK):
            chunk = contents.deliveries[start : start + REPLAY_CHUNK]
            began_s = time.monotonic()
            if await self._in_thread(partial(self._commit, chunk)):
                return
            self._health.metrics.replayed.add(len(chunk))
            await asyncio.sleep(max(0.0, len(chunk) / self._replay_per_s - (time.monotonic() - began_s)))
        await self._in_thread(partial(self._settle, segment))

    def _settle(self, segment: Segment) -> None:
        try:
            self._spool.settle(segment, time.monotonic())
        except SpoolError as error:
            self._health.fails("spool", str(error))
        self._report_spool()

    def _expire(self) -> None:
        try:
            self._spool.expire(time.monotonic())
        except SpoolError as error:
            self._health.fails("spool", str(error))
        else:
            self._report_spool()

    def _flush(self) -> None:
        began_s = time.monotonic()
        try:
            self._committer.flush()
        except RegistryError as error:
            self._fail(error)
        else:
            self._health.metrics.flush_seconds.observe(time.monotonic() - began_s)

    def _report_spool(self) -> None:
        status, metrics = self._spool.status(), self._health.metrics
        metrics.spool_segments.value = status.segments
        metrics.spool_oldest_s.value = max(0.0, time.time() - status.oldest_owed_s) if status.oldest_owed_s else 0.0
        metrics.spool_bytes.value = status.bytes
        metrics.spool_owed_bytes.value = status.owed_bytes
        metrics.spool_damaged_bytes.value = status.damaged_bytes + status.torn_bytes
        detail = f"{status.bytes / 1e6:.1f} of {status.budget_bytes / 1e6:.0f} MB in {self._spool.folder}"
        if status.is_full:
            self._health.fails("spool", f"the spool is full, so messages are not acknowledged: {detail}")
        else:
            self._health.works("spool", detail)

    def _note_settled(self, batch: Sequence[Delivery], took_s: float) -> None:
        self._health.settle(len(batch))
        self._health.metrics.batch_seconds.observe(took_s)
        self._health.metrics.batch_messages.observe(len(batch))
        self._health.metrics.lag_seconds.observe(max(0.0, (now_ms() - batch[0].received_ms) / 1e3))
        self._health.metrics.waiting.value = self._intake.waiting

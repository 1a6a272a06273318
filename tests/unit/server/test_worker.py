"""The worker: durable in store or spool before it is acknowledged, and no message that stops the others."""

from __future__ import annotations

import asyncio
import errno
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from skerry_server import health as health_module
from skerry_server.errors import RegistryError, StoreError
from skerry_server.health import Health
from skerry_server.ingest import pauses
from skerry_server.ingest import replay as replaying
from skerry_server.ingest import watch as watching
from skerry_server.ingest import worker as module
from skerry_server.ingest.commit import Committer
from skerry_server.ingest.intake import Intake
from skerry_server.ingest.watch import Watch
from skerry_server.ingest.worker import Worker
from skerry_server.registry.dead_letters import list_dead_letters
from skerry_server.registry.events import EventSearch, search
from skerry_server.spool.spool import Spool
from skerry_server.stores.base import Query, StoreInfo
from skerry_server.stores.http import AnswerError


class TroubledStore:
    """A store that fails while it is told to."""

    def __init__(self, store):
        self._store = store
        self.error = None
        self.writes = 0

    def probe(self):
        return self._store.probe()

    def write(self, points):
        self.writes += 1
        if self.error is not None:
            raise self.error
        self._store.write(points)


class PoisonedStore(TroubledStore):
    """A store with a bug that one device brings out."""

    def write(self, points):
        if any(point.tags["device"] == "cam-2" for point in points):
            raise ZeroDivisionError("a bug")
        super().write(points)


class Wire:
    """A connection that notes what it acknowledged."""

    def __init__(self):
        self.acknowledged = []

    def acknowledge(self, packet_ids):
        self.acknowledged += packet_ids


class Rig:
    """A worker over a store that can be troubled, with its spool and its health."""

    def __init__(self, store, database, committer, folder, budget_bytes, replay_per_s):
        self.store, self.health, self.intake, self.wire = store, Health(), Intake(linger_s=0), Wire()
        self.spool = Spool(folder, budget_bytes=budget_bytes)
        self.spool.open()
        self.worker = Worker(
            intake=self.intake,
            committer=committer(store, database),
            spool=self.spool,
            health=self.health,
            replay_per_s=replay_per_s,
        )
        self._sent = 0

    def probed(self, *, durable_after_s=0.0, started_ms=1, asked_s=None):
        """Tell what a probe of the store finds, one asked now or at ``asked_s``."""
        info = StoreInfo(product="p", version="1", where="here", durable_after_s=durable_after_s, started_ms=started_ms)
        self.worker.durability.learn(info, time.monotonic() if asked_s is None else asked_s)

    async def __aenter__(self):
        self._tasks = [
            asyncio.create_task(one) for one in (self.worker.run(), self.worker.tend(), self.worker.replay.run())
        ]
        return self

    async def __aexit__(self, *_):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.worker.close()
        self.spool.close()

    async def running(self):
        """Return when the worker has ended, with what it ended with."""
        await self._tasks[0]

    def send(self, *deliveries):
        for one in deliveries:
            self._sent += 1
            self.health.metrics.received.add(1)
            self.intake.put(one, self._sent, self.wire)

    async def all_acknowledged(self):
        await until(lambda: self.wire.acknowledged == list(range(1, self._sent + 1)))


async def until(condition):
    for _ in range(6000):
        if condition():
            return
        await asyncio.sleep(0.005)
    pytest.fail("never came true")


@pytest.fixture
def impatient(monkeypatch):
    """Make the worker try again at once."""
    monkeypatch.setattr(pauses, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(pauses, "LAST_PAUSE_S", 0.002)
    monkeypatch.setattr(module, "FIRST_RETRY_S", 0.001)
    monkeypatch.setattr(module, "LAST_RETRY_S", 0.002)
    monkeypatch.setattr(module, "TURN_S", 0.001)
    monkeypatch.setattr(replaying, "TURN_S", 0.001)
    monkeypatch.setattr(replaying, "LOOK_S", 0.01)
    monkeypatch.setattr(replaying, "FIRST_READ_PAUSE_S", 0.001)
    monkeypatch.setattr(watching, "PROBE_S", 0.001)


@pytest.fixture
def rig(impatient, store, database, committer, tmp_path):
    """Return a function that makes a worker over the store, which is wrapped by ``kind``.

    A probe has told how long after its answer the store may lose what it took, unless that is None.
    """

    def make(kind=TroubledStore, budget_bytes=1_000_000, durable_after_s=0.0, replay_per_s=100_000):
        one = Rig(kind(store), database, committer, tmp_path / "spool", budget_bytes, replay_per_s)
        if durable_after_s is not None:
            one.probed(durable_after_s=durable_after_s)
        return one

    return make


def stored(store):
    return sorted(point.fields["seq"] for point in store.query(Query(measurement="heartbeat")))


def test_what_a_store_that_is_away_cannot_take_is_spooled_acknowledged_and_brought_in_later(rig, store, delivery):
    async def scenario():
        async with rig() as one:
            one.store.error = StoreError("the store does not answer")
            one.send(*(delivery("heartbeat", seq=seq) for seq in range(1, 6)))
            await one.all_acknowledged()
            assert stored(store) == []
            assert "does not answer" in one.health.parts()["store"].detail
            assert one.spool.status().owed_bytes > 0
            one.store.error = None
            await until(lambda: len(stored(store)) == 5)
            await until(lambda: one.spool.status().bytes == 0)
            assert (one.health.counts().durable, one.health.counts().spooled) == (5, 5)

    asyncio.run(scenario())


def test_events_are_there_at_once_while_the_time_series_store_is_away(rig, database, delivery):
    async def scenario():
        async with rig() as one:
            one.store.error = StoreError("away")
            one.send(delivery("heartbeat"), delivery("event", seq=2))
            await one.all_acknowledged()

    asyncio.run(scenario())
    with database.transaction() as session:
        assert len(search(session, EventSearch())) == 1


def test_a_registry_that_is_away_costs_nothing_either(rig, store, database, delivery, monkeypatch):
    async def scenario():
        async with rig() as one:
            whole = database.transaction

            def away():
                raise RegistryError("the registry is locked")

            monkeypatch.setattr(database, "transaction", away)
            one.send(delivery("status"), delivery("event", seq=2), delivery("heartbeat", seq=3))
            await one.all_acknowledged()
            assert not one.health.parts()["registry"].is_ok
            monkeypatch.setattr(database, "transaction", whole)
            await until(lambda: one.spool.status().bytes == 0)

    asyncio.run(scenario())
    assert stored(store) == [3.0]
    with database.transaction() as session:
        assert len(search(session, EventSearch())) == 1


def test_with_store_and_spool_full_nothing_is_acknowledged_until_one_of_them_takes_it(rig, store, delivery):
    async def scenario():
        async with rig(budget_bytes=500) as one:
            one.store.error = StoreError("the disk is full")
            one.send(delivery("heartbeat", seq=1), delivery("heartbeat", seq=2))
            await one.all_acknowledged()
            one.send(delivery("heartbeat", seq=3))
            await until(lambda: "the spool is full" in one.health.parts()["spool"].detail)
            tries = one.store.writes
            await until(lambda: one.store.writes > tries + 20)
            assert one.wire.acknowledged == [1, 2]
            assert one.health.counts().waiting == 1
            assert one.health.waits_s() > 0
            assert not one.health.parts()["spool"].is_ok
            one.store.error = None
            await one.all_acknowledged()
            await until(lambda: one.spool.status().bytes == 0 and one.health.parts()["spool"].is_ok)
            assert one.health.waits_s() == 0

    asyncio.run(scenario())
    assert stored(store) == [1.0, 2.0, 3.0]


def test_a_full_spool_drains_behind_a_store_that_acknowledges_before_it_is_durable(rig, store, delivery):
    async def scenario():
        async with rig(budget_bytes=500, durable_after_s=20.0) as one:
            one.store.error = StoreError("away")
            one.send(delivery("heartbeat", seq=1), delivery("heartbeat", seq=2))
            await one.all_acknowledged()
            one.send(delivery("heartbeat", seq=3))
            await until(lambda: "the spool is full" in one.health.parts()["spool"].detail)
            one.store.error = None
            await until(lambda: one.spool.status().owed_bytes == 0)
            assert len(list(one.spool.folder.glob("*.spool"))) == 1
            one.probed(durable_after_s=20.0, asked_s=time.monotonic() + 30.0)
            await one.all_acknowledged()
            one.probed(durable_after_s=20.0, asked_s=time.monotonic() + 30.0)
            assert one.spool.status().bytes == 0

    asyncio.run(scenario())
    assert stored(store) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("durable_after_s", [20.0, None], ids=["may lose 20 s", "was never probed"])
def test_what_a_store_acknowledged_and_lost_comes_back_from_the_spool(rig, store, delivery, durable_after_s):
    async def scenario():
        async with rig(durable_after_s=durable_after_s) as one:
            one.send(delivery("heartbeat", seq=1), delivery("heartbeat", seq=2))
            await one.all_acknowledged()
            writes = one.store.writes
            assert one.spool.status().kept_bytes > 0
            # However long it was away: another process answers than took it.
            one.probed(durable_after_s=20.0, started_ms=2, asked_s=time.monotonic() + 3600.0)
            await until(lambda: one.store.writes > writes)
            await until(lambda: one.spool.status().owed_bytes == 0)
            assert one.spool.status().kept_bytes > 0
            one.probed(durable_after_s=20.0, started_ms=2, asked_s=time.monotonic() + 30.0)
            assert one.spool.status().bytes == 0

    asyncio.run(scenario())
    assert stored(store) == [1.0, 2.0]


@pytest.mark.parametrize(
    ("error", "is_owed_again"),
    [
        (AnswerError("busy", 429, "too many requests", where="here"), False),
        (AnswerError("no gateway", 502, "nobody there", where="here"), True),
        (StoreError("the store does not answer"), True),
    ],
    ids=["it answers that it is busy", "a proxy answers for it", "nobody answers"],
)
def test_what_a_store_took_is_owed_again_only_where_its_process_may_be_gone(rig, store, delivery, error, is_owed_again):
    async def scenario():
        async with rig(durable_after_s=20.0) as one:
            generation = one.spool.generation
            one.send(delivery("heartbeat", seq=1))
            await one.all_acknowledged()
            one.store.error = error
            one.send(delivery("heartbeat", seq=2))
            await one.all_acknowledged()
            assert (one.spool.generation > generation) is is_owed_again
            one.store.error = None
            await until(lambda: stored(store) == [1.0, 2.0])

    asyncio.run(scenario())


def test_a_slow_replay_counts_as_turning_and_keeps_nobody_waiting(rig, store, delivery, monkeypatch):
    turns = []
    monkeypatch.setattr(Health, "turned", lambda *_, **__: turns.append(1))

    async def scenario():
        async with rig(replay_per_s=1) as one:
            one.store.error = StoreError("away")
            one.send(*(delivery("heartbeat", seq=seq) for seq in range(1, 101)))
            await one.all_acknowledged()
            one.store.error = None
            await until(lambda: one.health.metrics.replayed.value == 1)
            seen = len(turns)
            await until(lambda: len(turns) > seen + 5)
            one.send(delivery("heartbeat", seq=101))
            await one.all_acknowledged()
            assert one.health.metrics.replayed.value < 100

    asyncio.run(scenario())


def test_a_replay_that_is_interrupted_goes_on_where_it_was(rig, store, delivery):
    async def scenario():
        async with rig(replay_per_s=2) as one:
            one.store.error = StoreError("away")
            one.send(*(delivery("heartbeat", seq=seq) for seq in range(1, 5)))
            await one.all_acknowledged()
            one.store.error = None
            await until(lambda: one.health.metrics.replayed.value == 2)
            writes, one.store.error = one.store.writes, StoreError("away again")
            await until(lambda: one.store.writes > writes)
            one.store.error = None
            await until(lambda: one.spool.status().bytes == 0)
            assert one.health.metrics.replayed.value == 4

    asyncio.run(scenario())


def test_a_file_that_cannot_be_read_for_a_moment_is_brought_in_and_nothing_is_set_aside(rig, store, delivery, unread):
    unread.times = 3

    async def scenario():
        async with rig() as one:
            one.store.error = StoreError("away")
            one.send(delivery("heartbeat"))
            await one.all_acknowledged()
            one.store.error = None
            await until(lambda: one.spool.status().bytes == 0)
            assert list(one.spool.folder.glob("*.unreadable")) == []
            await until(lambda: one.health.parts()["spool"].is_ok)

    asyncio.run(scenario())
    assert stored(store) == [1.0]


@pytest.mark.parametrize("is_read_only", [False, True], ids=["is set aside", "cannot even be set aside"])
def test_a_file_that_cannot_be_read_at_all_ends_nothing(rig, store, delivery, unread, monkeypatch, is_read_only):
    unread.times = 10**9
    if is_read_only:
        monkeypatch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError(errno.EROFS, "read-only")))

    async def scenario():
        async with rig() as one:
            one.store.error = StoreError("away")
            one.send(delivery("heartbeat"))
            await one.all_acknowledged()
            one.store.error = None
            await until(lambda: unread.count > 2 * replaying.READ_TRIES or list(one.spool.folder.glob("*.unreadable")))
            one.send(delivery("heartbeat", seq=2))
            await one.all_acknowledged()
            assert one.health.parts()["spool"].is_ok != is_read_only
            unread.times = 0
            for file in one.spool.folder.glob("*.unreadable"):
                file.replace(file.with_suffix(".spool"))
            await until(lambda: stored(store) == [1.0, 2.0])

    asyncio.run(scenario())


@pytest.fixture
def unread(monkeypatch):
    """Let segments be unreadable ``times`` times, as with too many open files; ``count`` is how often they were."""
    trouble, read = SimpleNamespace(times=0, count=0), Path.read_bytes

    def failing(path):
        if path.suffix == ".spool" and trouble.count < trouble.times:
            trouble.count += 1
            raise OSError(errno.EMFILE, "Too many open files")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", failing)
    return trouble


def test_a_fault_of_ours_ends_the_worker_and_the_next_batch_does_not_acknowledge_for_it(rig, delivery, monkeypatch):
    prepare, prepared, second_is_prepared = Committer.prepare, [], threading.Event()

    def noting(committer, batch):
        prepared.append(batch)
        if len(prepared) == 2:
            second_is_prepared.set()
        return prepare(committer, batch)

    class Away(TroubledStore):
        def write(self, points):
            assert second_is_prepared.wait(30)
            raise StoreError("away")

    append, calls = Spool.append, []

    def broken_once(spool, deliveries, **how):
        # The second batch finds all well, so that nothing but its turn keeps it from being acknowledged.
        calls.append(deliveries)
        if len(calls) == 1:
            raise ZeroDivisionError("a bug")
        append(spool, deliveries, **how)

    async def scenario():
        async with rig(Away) as one:
            one.send(delivery("heartbeat", seq=1))
            await until(lambda: prepared)
            one.send(delivery("heartbeat", seq=2))
            with pytest.raises(ZeroDivisionError):
                await asyncio.wait_for(one.running(), 30)
            return one.wire.acknowledged

    monkeypatch.setattr(Committer, "prepare", noting)
    monkeypatch.setattr(Spool, "append", broken_once)
    assert asyncio.run(scenario()) == []


class GatedStore(TroubledStore):
    """A store whose writes do not return before the gate is open."""

    def __init__(self, store):
        super().__init__(store)
        self.gate, self.is_writing = threading.Event(), threading.Event()

    def write(self, points):
        self.is_writing.set()
        self.gate.wait(60)
        super().write(points)


def test_a_worker_whose_write_never_returns_does_not_call_itself_alive(rig, delivery, monkeypatch):
    monkeypatch.setattr(health_module, "STUCK_AFTER_S", 0.1)

    async def scenario():
        async with rig(GatedStore) as one:
            one.send(delivery("heartbeat"))
            try:
                await until(lambda: not one.health.is_alive())
            finally:
                one.store.gate.set()
            await one.all_acknowledged()
            await until(one.health.is_alive)

    asyncio.run(scenario())


def test_a_worker_ends_though_its_write_never_returns(rig, delivery, monkeypatch):
    monkeypatch.setattr(module, "CLOSE_S", 0.05)

    async def scenario():
        one = rig(GatedStore)
        async with one:
            one.send(delivery("heartbeat"))
            await until(one.store.is_writing.is_set)
        # The worker is closed, and what is hung is still hung.
        assert (one.store.writes, one.wire.acknowledged) == (0, [])
        one.store.gate.set()

    asyncio.run(scenario())


def test_a_message_that_brings_out_a_bug_is_kept_and_the_others_go_through(rig, store, database, delivery):
    async def scenario():
        async with rig(PoisonedStore) as one:
            one.send(*(delivery("heartbeat", device=f"cam-{number}") for number in (1, 2, 3)))
            await one.all_acknowledged()
            await until(lambda: one.spool.status().bytes == 0)
            assert (one.health.counts().durable, one.health.counts().dead) == (3, 1)

    asyncio.run(scenario())
    assert len(stored(store)) == 2
    with database.transaction() as session:
        (letter,) = list_dead_letters(session, limit=9)
        assert (letter.topic, letter.reason) == ("skerry/v1/home/cam-2/heartbeat", "internal")


def test_a_device_that_babbles_writes_one_line_a_batch_and_not_one_a_message(rig, delivery, caplog):
    async def scenario():
        async with rig() as one:
            one.send(*(delivery("heartbeat", cpu_percent="hot") for _ in range(50)))
            await one.all_acknowledged()
            assert one.health.metrics.dead.values()["schema"] == 50

    asyncio.run(scenario())
    lines = [record.getMessage() for record in caplog.records if "dead letter" in record.getMessage()]
    assert len(lines) == 1
    assert "50 dead letters (schema)" in lines[0]


class ProbedStore:
    """A store whose probe says what it is told to."""

    def __init__(self):
        self.answer = StoreInfo(product="probed", version="1", where="here")

    def probe(self):
        if isinstance(self.answer, StoreError):
            raise self.answer
        return self.answer


def test_the_watch_sees_a_store_go_and_come_back_with_no_traffic(impatient, database):
    async def scenario():
        store, health = ProbedStore(), Health()
        store.answer = StoreError("away")
        task = asyncio.create_task(Watch(store=store, database=database, health=health).run())
        await until(lambda: health.parts()["registry"].is_ok)
        assert not health.parts()["store"].is_ok
        store.answer = StoreInfo(product="probed", version="1", where="here")
        await until(lambda: health.parts()["store"].is_ok)
        task.cancel()

    asyncio.run(scenario())


def test_a_probe_that_succeeds_hides_no_write_that_fails(impatient, database):
    async def scenario():
        health, probes = Health(), []
        health.fails("store", "the disk is full")
        watch = Watch(
            store=ProbedStore(),
            database=database,
            health=health,
            unwritable=lambda: frozenset({"store"}),
            learned=lambda info, asked_s: probes.append((info, asked_s)),
        )
        task = asyncio.create_task(watch.run())
        await until(lambda: len(probes) > 20)
        assert health.parts()["store"].detail == "the disk is full"
        task.cancel()

    asyncio.run(scenario())

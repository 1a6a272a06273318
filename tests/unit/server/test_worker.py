"""The worker: patience with what is away, the truth in health, and no message that stops the others."""

from __future__ import annotations

import asyncio

import pytest

from skerry_server.errors import RegistryError, StoreError
from skerry_server.health import Health
from skerry_server.ingest import worker as module
from skerry_server.ingest.intake import Intake
from skerry_server.ingest.worker import Worker
from skerry_server.presence import Silence
from skerry_server.registry.dead_letters import list_dead_letters
from skerry_server.registry.devices import list_devices
from skerry_server.registry.events import EventSearch, search
from skerry_server.stores.base import Query


class CountingHealth(Health):
    """A health that counts how often it is asked."""

    questions = 0

    def is_ok(self):
        self.questions += 1
        return super().is_ok()


class TroubledStore:
    """A store that fails a number of times before it takes anything."""

    def __init__(self, store, failures, error):
        self._store = store
        self.failures = failures
        self._error = error

    def probe(self):
        if self.failures > 0:
            raise StoreError("the store does not answer")
        return self._store.probe()

    def write(self, points):
        if self.failures > 0:
            self.failures -= 1
            raise self._error
        self._store.write(points)


class FullStore:
    """A store that answers and takes nothing, as on a disk that is full."""

    def __init__(self, store):
        self._store = store
        self.is_full = True
        self.probes = 0

    def probe(self):
        self.probes += 1
        return self._store.probe()

    def write(self, points):
        if self.is_full:
            raise StoreError("the disk is full")
        self._store.write(points)


class PoisonedStore:
    """A store with a bug that one device brings out."""

    def __init__(self, store):
        self._store = store

    def write(self, points):
        if any(point.tags["device"] == "cam-2" for point in points):
            raise ZeroDivisionError("a bug")
        self._store.write(points)


@pytest.fixture
def impatient(monkeypatch):
    """Make the worker try again at once."""
    monkeypatch.setattr(module, "FIRST_RETRY_S", 0.001)
    monkeypatch.setattr(module, "LAST_RETRY_S", 0.002)
    monkeypatch.setattr(module, "PROBE_S", 0.001)
    monkeypatch.setattr(module, "SWEEP_S", 0.001)


@pytest.fixture
def work(database):
    """Return a function that puts deliveries through a worker over a store; gives its health."""

    def run(store, deliveries, *, extra=None, silence_s=60.0):
        async def scenario():
            intake, health = Intake(linger_s=0), CountingHealth()
            worker = Worker(intake=intake, store=store, database=database, health=health, silence=Silence(silence_s))
            working = asyncio.create_task(worker.run())
            puts = [asyncio.create_task(intake.put(one)) for one in deliveries]
            await asyncio.wait_for(asyncio.gather(*puts), 30)
            if extra is not None:
                await asyncio.wait_for(extra(worker, health), 30)
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            worker.close()
            return health

        return asyncio.run(scenario())

    return run


def test_a_store_that_is_away_is_tried_until_it_takes_the_batch(impatient, work, store, database, delivery):
    troubled = TroubledStore(store, 5, StoreError("the store does not answer"))
    health = work(troubled, [delivery("heartbeat"), delivery("event", seq=2)])
    assert health.counts().durable == 2
    assert len(store.query(Query(measurement="heartbeat"))) == 1
    with database.transaction() as session:
        assert len(search(session, EventSearch())) == 1


def test_health_names_the_part_that_fails(impatient, work, store, delivery):
    health = work(TroubledStore(store, 1, StoreError("the disk is full")), [delivery("heartbeat")])
    assert "the disk is full" in health.parts()["store"].detail
    health = work(TroubledStore(store, 1, RegistryError("locked")), [delivery("heartbeat", seq=2)])
    assert health.parts()["registry"].is_ok


def test_a_message_that_brings_out_a_bug_is_kept_and_the_others_go_through(impatient, work, store, database, delivery):
    batch = [delivery("heartbeat", device=f"cam-{number}") for number in (1, 2, 3)]
    health = work(PoisonedStore(store), batch)
    assert (health.counts().durable, health.counts().dead) == (3, 1)
    assert len(store.query(Query(measurement="heartbeat"))) == 2
    with database.transaction() as session:
        (letter,) = list_dead_letters(session, limit=9)
        assert (letter.topic, letter.reason) == ("skerry/v1/home/cam-2/heartbeat", "internal")


async def until(condition):
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0.005)
    pytest.fail("never came true")


def test_the_watch_sees_a_store_go_and_come_back_with_no_traffic(impatient, work, store):
    troubled = TroubledStore(store, 1, StoreError("away"))

    async def watch(worker, health):
        watching = asyncio.create_task(worker.watch())
        await until(lambda: health.parts()["registry"].is_ok)
        assert not health.parts()["store"].is_ok
        troubled.failures = 0
        await until(lambda: health.parts()["store"].is_ok)
        watching.cancel()

    work(troubled, [], extra=watch)


def test_silence_counts_only_while_the_server_itself_hears(impatient, work, store, database, delivery):
    def presence():
        with database.transaction() as session:
            return list_devices(session)[0][1].state

    async def sweep(worker, health):
        for name in ("store", "registry"):
            health.works(name, "")
        health.fails("broker", "away")
        sweeping = asyncio.create_task(worker.sweep())
        # As many sweeps as make many times the limit of silence: the server is deaf, so nobody is silent.
        await until(lambda: health.questions > 100)
        assert presence() == "online"
        health.works("broker", "")
        await until(lambda: presence() == "offline")
        sweeping.cancel()

    work(store, [delivery("heartbeat")], extra=sweep, silence_s=0.01)


def test_a_probe_that_succeeds_hides_no_write_that_fails(impatient, work, store, delivery):
    full = FullStore(store)

    async def scenario(worker, health):
        watching = asyncio.create_task(worker.watch())
        put = asyncio.create_task(worker._intake.put(delivery("heartbeat")))
        await until(lambda: "the disk is full" in health.parts()["store"].detail)
        seen, probes = [], full.probes
        await until(lambda: seen.append(health.parts()["store"].is_ok) or full.probes > probes + 20)
        assert not any(seen)
        full.is_full = False
        await put
        await until(lambda: health.parts()["store"].is_ok)
        watching.cancel()

    work(full, [], extra=scenario)


def test_a_device_that_babbles_writes_one_line_a_batch_and_not_one_a_message(work, store, delivery, caplog):
    batch = [delivery("heartbeat", cpu_percent="hot") for _ in range(50)]
    health = work(store, batch)
    lines = [record.getMessage() for record in caplog.records if "dead letter" in record.getMessage()]
    assert health.counts().dead == 50
    assert len(lines) == 1
    assert "50 dead letters (schema)" in lines[0]

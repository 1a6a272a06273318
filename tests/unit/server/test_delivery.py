"""Deliveries by two processes at once: what stays at the broker is the newest version, whoever published last."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from skerry_server import leased_job
from skerry_server.downlink import downlink as module
from skerry_server.downlink.delivery import deliver, due_desired
from skerry_server.errors import BrokerError
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.leases import acquire, release
from skerry_server.registry.models import Device
from skerry_server.registry.orders.commands import order
from skerry_server.registry.orders.desired import put_desired

ANN = Author(name="ann", ts_ms=1)


class Broker:
    """What is retained, as a publisher finds it; it may take a message and lose the connection before it says so."""

    def __init__(self):
        self.retained = {}
        self.is_lost = False

    async def connect(self):
        """Be there."""

    async def close(self):
        """Be gone."""

    async def publish(self, message):
        self.retained[message.topic] = json.loads(message.payload).get("version")
        if self.is_lost:
            raise BrokerError("the MQTT broker ended the connection")


@pytest.fixture
def wish(database):
    """Return a function that makes the next version for a device."""
    with database.transaction() as session:
        session.add(Device(id="cam-1", site="home", first_received_ms=1, models=[]))

    def make():
        with database.transaction() as session:
            put_desired(session, ANN, "cam-1", config={}, models={})

    return make


def send_all(broker, database):
    """Deliver until nothing waits, as a process does that is woken; fail where that has no end."""
    for _ in range(5):
        if not (dues := due_desired(database)):
            return
        asyncio.run(deliver(broker, database, dues, lambda: 2))
    pytest.fail("the same version is published again and again")


def test_an_older_version_that_is_published_last_is_followed_by_the_newest(database, wish):
    broker = Broker()
    wish()
    slow = due_desired(database)
    wish()
    send_all(broker, database)
    asyncio.run(deliver(broker, database, slow, lambda: 2))
    assert broker.retained == {"skerry/v1/home/cam-1/desired": 1}
    send_all(broker, database)
    assert broker.retained == {"skerry/v1/home/cam-1/desired": 2}


def test_so_it_is_where_the_broker_took_the_older_one_without_a_word(database, wish):
    broker = Broker()
    wish()
    slow = due_desired(database)
    wish()
    send_all(broker, database)
    broker.is_lost = True
    with pytest.raises(BrokerError):
        asyncio.run(deliver(broker, database, slow, lambda: 2))
    broker.is_lost = False
    send_all(broker, database)
    assert broker.retained == {"skerry/v1/home/cam-1/desired": 2}


def test_only_the_holder_of_the_lease_publishes_desired_states_and_every_process_its_commands(
    database, wish, monkeypatch
):
    broker = Broker()

    async def sent(topic):
        for _ in range(4000):
            if f"skerry/v1/home/cam-1/{topic}" in broker.retained:
                return
            await asyncio.sleep(0.005)
        pytest.fail(f"nothing was sent to {topic}")

    async def scenario():
        one, stop = module.Downlink(SimpleNamespace(client_id="one", address="-"), database), asyncio.Event()
        running = asyncio.create_task(one.run(stop))
        await asyncio.sleep(0)
        one.wake()
        await sent("command")
        assert "skerry/v1/home/cam-1/desired" not in broker.retained
        with database.transaction() as session:
            release(session, module.LEASE, "another")
        await sent("desired")
        stop.set()
        await running

    monkeypatch.setattr(module, "Publisher", lambda _access: broker)
    monkeypatch.setattr(leased_job, "RENEW_S", 0.02)
    with database.transaction() as session:
        assert acquire(session, module.LEASE, "another", term_ms=60_000)
    wish()
    with database.transaction() as session:
        order(session, ANN, "cam-1", "ping", args={}, expires_ms=2**53)
    asyncio.run(scenario())

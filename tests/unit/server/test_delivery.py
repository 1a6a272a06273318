"""Deliveries by two processes at once: what stays at the broker is the newest version, whoever published last."""

import asyncio
import json

import pytest

from skerry_server.downlink.delivery import deliver, due
from skerry_server.errors import BrokerError
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.models import Device
from skerry_server.registry.orders.desired import put_desired

ANN = Author(name="ann", ts_ms=1)


class Broker:
    """What is retained, as a publisher finds it; it may take a message and lose the connection before it says so."""

    def __init__(self):
        self.retained = {}
        self.is_lost = False

    async def publish(self, message):
        self.retained[message.topic] = json.loads(message.payload)["version"]
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
        if not (dues := due(database, now_ms=2)):
            return
        asyncio.run(deliver(broker, database, dues, lambda: 2))
    pytest.fail("the same version is published again and again")


def test_an_older_version_that_is_published_last_is_followed_by_the_newest(database, wish):
    broker = Broker()
    wish()
    slow = due(database, now_ms=2)
    wish()
    send_all(broker, database)
    asyncio.run(deliver(broker, database, slow, lambda: 2))
    assert broker.retained == {"skerry/v1/home/cam-1/desired": 1}
    send_all(broker, database)
    assert broker.retained == {"skerry/v1/home/cam-1/desired": 2}


def test_so_it_is_where_the_broker_took_the_older_one_without_a_word(database, wish):
    broker = Broker()
    wish()
    slow = due(database, now_ms=2)
    wish()
    send_all(broker, database)
    broker.is_lost = True
    with pytest.raises(BrokerError):
        asyncio.run(deliver(broker, database, slow, lambda: 2))
    broker.is_lost = False
    send_all(broker, database)
    assert broker.retained == {"skerry/v1/home/cam-1/desired": 2}

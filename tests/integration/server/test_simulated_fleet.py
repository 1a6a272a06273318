"""Simulated devices against a real broker and server: they come, beat, and go as real ones do."""

from __future__ import annotations

import asyncio
import threading

import pytest

from skerry_edge.foundation.errors import ConfigError
from skerry_server.errors import BrokerError
from skerry_server.simulate.fleet import SimulatedFleet


def test_a_fleet_is_online_while_it_runs_and_says_goodbye_at_the_end(broker, start_server, eventually):
    server = start_server(broker.url)
    fleet = SimulatedFleet(3, 20.0, 5, broker.url)
    stop, loop = asyncio.Event(), asyncio.new_event_loop()
    running = threading.Thread(target=lambda: loop.run_until_complete(fleet.run(stop)))
    running.start()

    def presences():
        return [(one["presence"], one["reason"]) for one in server.get("api/v1/devices").json()["devices"]]

    try:
        eventually(lambda: presences() == [("online", None)] * 3, what="all three are online")
        eventually(lambda: server.get("api/v1/events").json()["events"], what="events come")
    finally:
        loop.call_soon_threadsafe(stop.set)
        running.join(30)
        loop.close()
    eventually(lambda: presences() == [("offline", "shut down")] * 3, what="all three said goodbye")
    assert server.health()["dead"] == 0
    eventually(lambda: server.health()["durable"] == sum(fleet.sent.values()), what="all that was sent is stored")


def test_a_broker_that_is_not_there_is_a_typed_error(free_port):
    fleet = SimulatedFleet(2, 1.0, 5, f"mqtt://127.0.0.1:{free_port()}")
    with pytest.raises(BrokerError, match="cannot connect"):
        asyncio.run(fleet.run(asyncio.Event()))


def test_an_address_that_is_none_is_refused():
    with pytest.raises(ConfigError):
        SimulatedFleet(1, 1.0, 5, "localhost:1883")

"""A real broker that does not take all that a device sends: what it takes arrives, and the device says the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.mqtt.connection import Peer
from skerry_edge.agent.mqtt.holds import STRIKES
from skerry_edge.agent.mqtt.news import News, Undelivered
from skerry_edge.agent.mqtt.session import Session
from skerry_edge.agent.mqtt.terms import Terms
from skerry_edge.agent.mqtt.version import Setting
from skerry_edge.agent.outbox.outbox import Outbox
from skerry_edge.contracts.messages import CommandResult, Event
from skerry_edge.contracts.snapshots import JPEG_START
from skerry_edge.foundation.broker_address import parse_broker_url

NO_PICTURES = "topic readwrite skerry/v1/+/+/event\ntopic readwrite skerry/v1/+/+/status\ntopic read skerry/#\n"


class Device:
    """A session with an outbox in which an event, a picture, an answer with a log and another event wait."""

    topics = ("skerry/v1/garden/cam-1/desired",)

    def __init__(self, port: int, folder: Path, setting: Setting) -> None:
        self.told: list[str] = []
        identity = Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=clock_state)
        self.outbox = Outbox(folder, max_bytes=1 << 20, identity=identity)
        event, log = identity.topic("event"), {"log": "x" * 40_000}
        self.outbox.put(
            (event, Event(**identity.stamp(), kind="detection", pipeline="gate", label="first")),
            (identity.topic("snapshot", "m1"), JPEG_START.ljust(60_000, b"\0")),
            (identity.topic("result", "c1"), CommandResult(**identity.stamp(), command="c1", ok=True, output=log)),
            (event, Event(**identity.stamp(), kind="detection", pipeline="gate", label="second")),
        )
        peer = Peer(address=parse_broker_url(f"mqtt://127.0.0.1:{port}"), client_id="cam-1")
        terms = Terms(peer=peer, setting=setting)
        self.session = Session(terms=terms, identity=identity, outbox=self.outbox, listener=self)

    def hear(self, news: News) -> None:
        if isinstance(news, Undelivered):
            self.told.append(news.label)


@pytest.fixture
def make_device(tmp_path: Path) -> Iterator[Callable[..., Device]]:
    """Return a function that starts a device for the broker at a port."""
    made: list[Device] = []

    def make(port: int, setting: Setting) -> Device:
        made.append(Device(port, tmp_path, setting))
        made[-1].session.start()
        return made[-1]

    yield make
    for device in made:
        device.session.stop(0.0)
        device.outbox.close()


@pytest.mark.parametrize(("setting", "dropped", "results"), [("5", 1, 1), ("3.1.1", 2, 0)])
def test_what_is_larger_than_a_broker_takes_keeps_no_event_back(
    make_mosquitto, make_recorder, make_device, eventually, setting: Setting, dropped: int, results: int
) -> None:
    broker = make_mosquitto("allow_anonymous true\nmax_packet_size 20000")
    recorder = make_recorder(broker.port)
    device = make_device(broker.port, setting)
    eventually(lambda: device.outbox.stats().depth == 0, what="an empty outbox")
    eventually(lambda: [event.label for event in recorder.events] == ["first", "second"], what="both events")
    assert device.outbox.stats().dropped == dropped
    assert device.told == ["messages-dropped"] * dropped
    assert len(recorder.of(CommandResult)) == results, "MQTT 5 tells the limit, so the answer can be made to fit"
    assert recorder.snapshots == {}


@pytest.mark.parametrize(("queue", "most"), [("", 1), ("max_queued_messages 0", 2 * STRIKES + 1)])
def test_pictures_that_no_rule_allows_keep_no_event_back(
    make_mosquitto, make_recorder, make_device, eventually, tmp_path: Path, queue: str, most: int
) -> None:
    rules = tmp_path / "rules"
    rules.write_text(NO_PICTURES)
    broker = make_mosquitto(f"allow_anonymous true\nacl_file {rules}\n{queue}")
    recorder = make_recorder(broker.port)
    device = make_device(broker.port, "5")
    eventually(lambda: device.outbox.stats().depth == 0, what="an empty outbox")
    eventually(lambda: [event.label for event in recorder.events] == ["first", "second"], what="both events")
    assert (device.told, device.outbox.stats().dropped) == (["messages-dropped"] * 2, 2)
    assert recorder.statuses[-1].connection <= most, "without a queue this broker ends the connection at each refusal"

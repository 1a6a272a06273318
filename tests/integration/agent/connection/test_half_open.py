"""A line that goes dead without a word, and a broker that lets a device say or hear less than it wants."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from skerry_edge.agent.downlink.inbox import Inbox
from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.mqtt.bulletins import Bulletin
from skerry_edge.agent.mqtt.connection import Peer
from skerry_edge.agent.mqtt.news import Inbound, RefusedSubscription
from skerry_edge.agent.mqtt.session import Session
from skerry_edge.agent.mqtt.terms import Terms
from skerry_edge.agent.outbox.outbox import Outbox
from skerry_edge.contracts.messages import Event
from skerry_edge.foundation.backoff import Backoff
from skerry_edge.foundation.broker_address import parse_broker_url

COMMAND = "skerry/v1/garden/cam-1/command"


class Rig:
    """A session that looks after its line every second, its outbox, and what it heard."""

    def __init__(self, port: int, folder: Path, setting: Any) -> None:
        identity = Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=clock_state)
        self.identity = identity
        self.outbox = Outbox(folder, max_bytes=1 << 20, identity=identity)
        self.inbox = Inbox([COMMAND])
        peer = Peer(address=parse_broker_url(f"mqtt://127.0.0.1:{port}"), client_id="cam-1", keepalive_s=1)
        self.session = Session(
            terms=Terms(peer=peer, setting=setting, backoff=Backoff(first_s=0.1, max_s=0.5, chance_share=1.0)),
            identity=identity,
            outbox=self.outbox,
            listener=self.inbox,
        )

    def see(self, label: str) -> None:
        event = Event(**self.identity.stamp(), kind="detection", pipeline="gate", label=label)
        self.outbox.put((self.identity.topic("event"), event))
        self.session.wake()


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Return a function that begins a session with a broker at a port."""
    rigs: list[Rig] = []

    def make(port: int, setting: str = "auto") -> Rig:
        rigs.append(Rig(port, tmp_path, setting))
        rigs[-1].session.start()
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.session.stop(0.0)


def test_a_line_that_swallows_every_byte_is_found_and_left_and_nothing_is_lost(
    mosquitto, recorder, make_wire, make_rig, eventually, caplog: pytest.LogCaptureFixture
) -> None:
    wire = make_wire(mosquitto.port)
    rig = make_rig(wire.port)
    eventually(lambda: recorder.statuses, what="the birth")
    wire.is_dead = True
    rig.see("car")
    eventually(lambda: wire.taken >= 2, what="another connection")
    assert "connection to the broker is lost" in caplog.text
    assert "Keep alive timeout" in caplog.text
    wire.is_dead = False
    eventually(lambda: [event.label for event in recorder.events] == ["car"], what="the event")
    assert recorder.events[0].replayed
    eventually(lambda: rig.outbox.stats().depth == 0, what="an empty outbox")


@pytest.mark.parametrize("setting", ["5", "3.1.1"])
def test_what_is_retained_comes_on_every_connect_and_a_change_at_once(
    mosquitto, make_wire, make_rig, eventually, setting: str, hear
) -> None:
    rig = make_rig(mosquitto.port, setting)
    heard = hear(mosquitto.port, "house/#")
    rig.session.post(Bulletin(topic="house/light", make=lambda: b"on"))
    eventually(lambda: heard == [("house/light", b"on")], what="the first")
    rig.session.post(Bulletin(topic="house/light", make=lambda: b"off"))
    eventually(lambda: heard[-1] == ("house/light", b"off"), what="the change")
    mosquitto.stop()
    heard.clear()
    mosquitto.start()
    eventually(lambda: ("house/light", b"off") in heard, what="the same after a restart of the broker")


@pytest.mark.parametrize("setting", ["5", "3.1.1"])
def test_messages_are_heard_with_either_version(mosquitto, make_rig, eventually, setting: str, hear) -> None:
    hear(mosquitto.port, "skerry/#", say=(COMMAND, b"old"))
    rig = make_rig(mosquitto.port, setting)
    heard: list[Any] = []
    eventually(lambda: heard.extend(rig.inbox.take()) or heard, what="what was retained")
    hear(mosquitto.port, "skerry/#", say=(COMMAND, b"new"))
    eventually(lambda: heard.extend(rig.inbox.take()) or len(heard) == 2, what="what came later")
    assert heard == [
        Inbound(topic=COMMAND, payload=b"old", retained=True),
        Inbound(topic=COMMAND, payload=b"new", retained=False),
    ]


@pytest.mark.parametrize(
    ("connack", "suback"), [(b"\x20\x03\x00\x00\x00", b"\x00\x87"), (b"\x20\x02\x00\x00", b"\x80")]
)
def test_a_subscription_that_the_broker_refuses_is_news(
    scripted_broker, make_rig, eventually, connack: bytes, suback: bytes
) -> None:
    scripted_broker.connack = connack
    scripted_broker.suback = lambda mid: bytes((0x90, 2 + len(suback))) + mid.to_bytes(2, "big") + suback
    rig = make_rig(scripted_broker.port, "5" if len(suback) == 2 else "3.1.1")
    heard: list[Any] = []
    eventually(lambda: heard.extend(rig.inbox.take()) or heard, what="the refusal")
    assert isinstance(heard[0], RefusedSubscription)
    assert heard[0].topic == COMMAND


def test_a_retained_message_that_the_broker_refuses_is_told_once_and_stops_nothing_else(
    make_mosquitto, make_recorder, make_rig, eventually, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    rules = tmp_path / "acl"
    rules.write_text("topic readwrite skerry/#\n")
    broker = make_mosquitto(f"allow_anonymous true\nacl_file {rules}")
    recorder = make_recorder(broker.port)
    rig = make_rig(broker.port, "5")
    for number in range(3):
        rig.session.post(Bulletin(topic="homeassistant/device/x/config", make=json.dumps(number).encode))
        rig.see(f"car {number}")
        eventually(lambda count=number: len(recorder.events) == count + 1, what="the event")
    eventually(lambda: "refuses the retained message homeassistant/device/x/config" in caplog.text, what="the hint")
    assert caplog.text.count("refuses the retained message") == 1
    assert "allow it at the broker" in caplog.text
    assert recorder.states == ["online"]

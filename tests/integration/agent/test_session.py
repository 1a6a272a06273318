"""The MQTT session against a broker that answers as the test says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.mqtt import delivery, session
from skerry_edge.agent.mqtt.connection import Peer
from skerry_edge.agent.mqtt.refusal import Setting
from skerry_edge.agent.mqtt.session import Announcement, Session
from skerry_edge.agent.outbox.outbox import Outbox
from skerry_edge.contracts.codec import decode
from skerry_edge.contracts.messages import Event, Status
from skerry_edge.contracts.topics import parse_topic
from skerry_edge.foundation.broker_address import parse_broker_url

CONNACK_5 = bytes((0x20, 3, 0, 0, 0))
CONNACK_3 = bytes((0x20, 2, 0, 0))


class Rig:
    """A session with its outbox, and what the scripted broker was sent."""

    def __init__(self, broker, setting: Setting, folder: Path) -> None:
        self.broker = broker
        self.identity = Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=clock_state)
        self.outbox = Outbox(folder, max_bytes=1 << 20, identity=self.identity)
        peer = Peer(address=parse_broker_url(f"mqtt://127.0.0.1:{broker.port}"), client_id="cam-1")
        self.session = Session(peer=peer, setting=setting, identity=self.identity, outbox=self.outbox)

    def put(self, count: int) -> None:
        for _ in range(count):
            event = Event(**self.identity.stamp(), kind="detection", pipeline="gate", label="car")
            self.outbox.put((self.identity.topic("event"), event))
        self.session.wake()

    def sent(self, kind: type) -> list:
        """What was published so far, MQTT 3.1.1 or 5 (whose publish has one byte of properties)."""
        messages = []
        for topic, payload in list(self.broker.published):
            messages.append(decode(parse_topic(topic).kind, payload[payload.index(b"{") :]))
        return [one for one in messages if isinstance(one, kind)]


@pytest.fixture
def make_rig(scripted_broker, tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []

    def make(setting: Setting = "auto") -> Rig:
        rigs.append(Rig(scripted_broker, setting, tmp_path))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.session.stop(0.0)
        rig.outbox.close()


def test_a_letter_is_forgotten_only_when_the_broker_has_it(make_rig, scripted_broker, eventually) -> None:
    held: list[int] = []
    scripted_broker.puback = held.append
    rig = make_rig()
    rig.session.start()
    eventually(lambda: rig.sent(Status), what="the birth")
    rig.put(3)
    eventually(lambda: len(rig.sent(Event)) == 3, what="the events at the broker")
    assert rig.outbox.stats().depth == 3
    for mid in held:
        scripted_broker.send(bytes((0x40, 2, *mid.to_bytes(2, "big"))))
    eventually(lambda: rig.outbox.stats().depth == 0, what="an empty outbox")


def test_no_more_is_under_way_than_the_broker_allows(make_rig, scripted_broker, eventually) -> None:
    receive_maximum = bytes((0x21, 0, 2))
    scripted_broker.connack = bytes((0x20, 6, 0, 0, 3)) + receive_maximum
    held: list[int] = []
    scripted_broker.puback = held.append
    rig = make_rig()
    rig.session.start()
    eventually(lambda: rig.sent(Status), what="the birth")
    rig.put(5)
    eventually(lambda: len(held) == 2, what="two messages under way")
    scripted_broker.send(bytes((0x40, 2, *held[0].to_bytes(2, "big"))))
    eventually(lambda: len(held) == 3, what="the next one")
    assert len(scripted_broker.published) == 3


def test_what_was_not_acknowledged_is_sent_again_and_marked(make_rig, scripted_broker, eventually) -> None:
    scripted_broker.puback = lambda mid: None
    rig = make_rig()
    rig.session.start()
    eventually(lambda: rig.sent(Status), what="the birth")
    rig.put(2)
    eventually(lambda: len(rig.sent(Event)) == 2, what="the events at the broker")
    scripted_broker.puback = lambda mid: bytes((0x40, 2, *mid.to_bytes(2, "big")))
    scripted_broker.hang_up()
    eventually(lambda: rig.outbox.stats().depth == 0, what="an empty outbox")
    first, second = rig.sent(Event)[:2], rig.sent(Event)[2:]
    assert [event.id for event in first] == [event.id for event in second]
    assert [event.replayed for event in first + second] == [False, False, True, True]
    assert [(event.ts, event.seq, event.session) for event in first] == [
        (event.ts, event.seq, event.session) for event in second
    ]


def test_the_status_comes_before_anything_else_on_every_connect(make_rig, scripted_broker, eventually) -> None:
    rig = make_rig()
    rig.put(2)
    rig.session.announce(Announcement(state="degraded", reason="gate: it broke"))
    rig.session.start()
    eventually(lambda: rig.outbox.stats().depth == 0, what="an empty outbox")
    scripted_broker.hang_up()
    eventually(lambda: len(rig.sent(Status)) == 2, what="the status again")
    topics = [parse_topic(topic).kind for topic, _ in scripted_broker.published]
    assert topics == ["status", "event", "event", "status"]
    assert {(status.state, status.reason) for status in rig.sent(Status)} == {("degraded", "gate: it broke")}


def test_a_broker_that_refuses_what_is_published_loses_no_event(
    make_rig, scripted_broker, eventually, caplog: pytest.LogCaptureFixture
) -> None:
    not_authorised = bytes((0x87,))
    scripted_broker.puback = lambda mid: bytes((0x40, 3, *mid.to_bytes(2, "big"))) + not_authorised
    rig = make_rig("5")
    rig.put(1)
    rig.session.start()
    eventually(lambda: "refuses what this device publishes" in caplog.text, what="the refusal in the log")
    assert rig.outbox.stats().depth == 1
    assert "access rules" in caplog.text
    scripted_broker.puback = lambda mid: bytes((0x40, 2, *mid.to_bytes(2, "big")))
    eventually(lambda: rig.outbox.stats().depth == 0, what="an empty outbox")


def test_a_broker_that_acknowledges_nothing_is_connected_to_anew(
    make_rig, scripted_broker, eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "ACK_TIMEOUT_S", 0.1)
    scripted_broker.puback = lambda mid: None
    make_rig().session.start()
    eventually(lambda: len(scripted_broker.levels) >= 2, what="a second connection")


def test_a_broker_that_hangs_up_on_version_5_is_asked_for_3_1_1(make_rig, scripted_broker, eventually) -> None:
    scripted_broker.connack = None
    rig = make_rig()
    rig.session.start()
    eventually(lambda: scripted_broker.levels[:1] == [5], what="the first attempt")
    scripted_broker.connack = CONNACK_3
    eventually(lambda: 4 in scripted_broker.levels and rig.sent(Status), what="a birth with 3.1.1")


def test_a_broker_that_refuses_version_5_is_asked_for_3_1_1(make_rig, scripted_broker, eventually) -> None:
    scripted_broker.connack = bytes((0x20, 3, 0, 0x84, 0))
    make_rig().session.start()
    eventually(lambda: scripted_broker.levels[:2] == [5, 4], what="an attempt with 3.1.1")


def test_a_version_that_was_set_is_insisted_on(make_rig, scripted_broker, eventually) -> None:
    scripted_broker.connack = None
    make_rig("5").session.start()
    eventually(lambda: scripted_broker.levels[:2] == [5, 5], what="a second attempt with 5")


@pytest.mark.parametrize(
    "nonsense",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x20\xff\xff\xff\xff\xff",
        b"\x20\x03\x00\x00\x09",
        b"\x20\x00",
        b"\x00" * 9,
    ],
)
def test_a_server_that_is_no_broker_does_not_end_the_session(
    make_rig, scripted_broker, eventually, nonsense: bytes
) -> None:
    scripted_broker.connack = nonsense
    rig = make_rig("5")
    rig.session.start()
    eventually(lambda: scripted_broker.levels, what="the first attempt")
    scripted_broker.connack = CONNACK_5
    scripted_broker.hang_up()
    rig.put(1)
    eventually(lambda: rig.outbox.stats().depth == 0, what="delivery once a broker is there")


def test_a_takeover_by_another_client_is_told_as_such(
    make_rig, scripted_broker, eventually, caplog: pytest.LogCaptureFixture
) -> None:
    rig = make_rig("5")
    rig.session.start()
    eventually(lambda: rig.sent(Status), what="the birth")
    scripted_broker.send(bytes((0xE0, 2, 0x8E, 0)))
    eventually(lambda: "give each device its own 'device'" in caplog.text, what="the hint in the log")
    assert "Session taken over" in caplog.text


def test_a_session_ends_in_time_though_the_broker_says_nothing(make_rig, scripted_broker, eventually) -> None:
    scripted_broker.puback = lambda mid: None
    rig = make_rig()
    rig.session.start()
    eventually(lambda: rig.sent(Status), what="the birth")
    rig.put(3)
    eventually(lambda: len(rig.sent(Event)) == 3, what="the events at the broker")
    rig.session.stop(0.0)
    assert rig.outbox.stats().depth == 3


@pytest.mark.parametrize("is_there", [True, False])
def test_whether_its_thread_turns_can_be_seen_with_and_without_a_broker(
    make_rig, scripted_broker, eventually, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    scripted_broker.connack = CONNACK_5 if is_there else None
    monkeypatch.setattr(session, "STANDS_STILL_AFTER_S", 2.0)
    rig = make_rig()
    eventually(lambda: not rig.session.turns(time.monotonic()), what="a thread that was not started stands still")
    rig.session.start()
    eventually(lambda: rig.session.turns(time.monotonic()), what="the thread turns")

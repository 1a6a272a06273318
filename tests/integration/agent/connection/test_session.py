"""The MQTT session against a broker that answers as the test says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.life.waker import Waker
from skerry_edge.agent.mqtt import connection, delivery, holds, retries, session
from skerry_edge.agent.mqtt.announcement import Announcement
from skerry_edge.agent.mqtt.bounded import MAX_INBOUND_BYTES
from skerry_edge.agent.mqtt.connection import Connection, Peer
from skerry_edge.agent.mqtt.login import Login, Secret
from skerry_edge.agent.mqtt.news import Undelivered
from skerry_edge.agent.mqtt.session import Session
from skerry_edge.agent.mqtt.terms import Terms
from skerry_edge.agent.mqtt.version import Setting
from skerry_edge.agent.outbox.outbox import Outbox
from skerry_edge.contracts.codec import decode
from skerry_edge.contracts.messages import Event, Status
from skerry_edge.contracts.snapshots import JPEG_START
from skerry_edge.contracts.topics import parse_topic
from skerry_edge.foundation.backoff import Backoff
from skerry_edge.foundation.broker_address import parse_broker_url

CONNACK_5 = bytes((0x20, 3, 0, 0, 0))
CONNACK_3 = bytes((0x20, 2, 0, 0))
STATUS = 2
"""The id of the birth on a connection, after the subscription's: letters follow when it is acknowledged."""


def puback(mid: int) -> bytes:
    """Acknowledge a message."""
    return bytes((0x40, 2, *mid.to_bytes(2, "big")))


class Rig:
    """A session with its outbox and its listener, and what the scripted broker was sent."""

    def __init__(self, broker, setting: Setting, folder: Path, heard: list[object]) -> None:
        self.broker = broker
        self.identity = Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=clock_state)
        self.outbox = Outbox(folder, max_bytes=1 << 20, identity=self.identity)
        peer = Peer(address=parse_broker_url(f"mqtt://127.0.0.1:{broker.port}"), client_id="cam-1")
        self.topics = ("skerry/v1/garden/cam-1/desired",)
        self.hear = heard.append
        self.session = Session(
            terms=Terms(peer=peer, setting=setting), identity=self.identity, outbox=self.outbox, listener=self
        )

    def put(self, count: int) -> None:
        for number in range(count):
            event = Event(**self.identity.stamp(), kind="detection", pipeline=f"gate-{number}", label="car")
            self.outbox.put((self.identity.topic("event"), event))
        self.session.wake()

    def sent(self, kind: type) -> list:
        """What was published so far but pictures, MQTT 3.1.1 or 5 (whose publish has one byte of properties)."""
        messages = []
        for topic, payload in list(self.broker.published):
            if "/snapshot/" not in topic:
                messages.append(decode(parse_topic(topic).kind, payload[payload.index(b"{") :]))
        return [one for one in messages if isinstance(one, kind)]


@pytest.fixture
def make_rig(scripted_broker, tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []

    def make(setting: Setting = "auto", heard: list[object] | None = None) -> Rig:
        rigs.append(Rig(scripted_broker, setting, tmp_path, [] if heard is None else heard))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.session.stop(0.0)
        rig.outbox.close()


def test_a_letter_is_forgotten_only_when_the_broker_has_it(make_rig, scripted_broker, eventually) -> None:
    held: list[int] = []
    scripted_broker.puback = lambda mid: puback(mid) if mid == STATUS else held.append(mid)
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
    scripted_broker.puback = lambda mid: puback(mid) if mid == STATUS else held.append(mid)
    rig = make_rig()
    rig.session.start()
    eventually(lambda: rig.sent(Status), what="the birth")
    rig.put(5)
    eventually(lambda: len(held) == 2, what="two messages under way")
    scripted_broker.send(bytes((0x40, 2, *held[0].to_bytes(2, "big"))))
    eventually(lambda: len(held) == 3, what="the next one")
    assert len(scripted_broker.published) == 4, "the birth, two events, and the next"


def test_the_last_word_waits_for_room_and_is_the_will_s_where_there_is_none(
    make_rig, scripted_broker, eventually
) -> None:
    scripted_broker.connack = bytes((0x20, 6, 0, 0, 3)) + bytes((0x21, 0, 1))
    scripted_broker.puback = lambda mid: puback(mid) if mid == STATUS else None
    rig = make_rig("5")
    rig.session.start()
    eventually(lambda: rig.sent(Status), what="the birth")
    rig.put(1)
    eventually(lambda: rig.sent(Event), what="the event, for which the broker gives no acknowledgement")
    rig.session.stop(time.monotonic() + 0.6)
    assert len(scripted_broker.published) == 2, "the birth and the event: one at a time"


def test_what_was_not_acknowledged_is_sent_again_and_marked(make_rig, scripted_broker, eventually) -> None:
    scripted_broker.puback = lambda mid: puback(mid) if mid == STATUS else None
    rig = make_rig()
    rig.session.start()
    eventually(lambda: rig.sent(Status), what="the birth")
    rig.put(2)
    eventually(lambda: len(rig.sent(Event)) == 2, what="the events at the broker")
    scripted_broker.puback = puback
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


def test_a_will_says_of_which_connection_it_is_and_so_does_the_birth(
    mosquitto, make_recorder, eventually, tmp_path: Path
) -> None:
    recorder = make_recorder(mosquitto.port)
    identity = Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=clock_state)
    outbox = Outbox(tmp_path, max_bytes=1 << 20, identity=identity)
    peer = Peer(address=parse_broker_url(f"mqtt://127.0.0.1:{mosquitto.port}"), client_id="cam-1")
    rival = Connection(peer, None, "5")
    running = Session(terms=Terms(peer=peer), identity=identity, outbox=outbox)
    running.start()
    eventually(lambda: recorder.states == ["online"], what="the birth")
    rival.open(waker := Waker())
    eventually(lambda: recorder.states == ["online", "offline", "online"], what="the will, and the next birth")
    running.stop(time.monotonic() + 5.0)
    for one in (rival, waker, outbox):
        one.close()
    assert [one.connection for one in recorder.statuses] == [1, 1, 2, 2]


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
    eventually(lambda: len(scripted_broker.levels) >= 3, what="three connections")
    assert caplog.text.count("not told again") == 1
    scripted_broker.puback = puback
    eventually(lambda: rig.outbox.stats().depth == 0, what="an empty outbox")


def test_an_event_that_is_refused_waits_while_the_connection_and_all_else_go_on(
    make_rig, scripted_broker, eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(mid: int) -> bytes:
        is_refused = b'"gate-0"' in scripted_broker.published[-1][1]
        return (
            bytes((0x40, 3, *mid.to_bytes(2, "big"), 0x87)) if is_refused else bytes((0x40, 2, *mid.to_bytes(2, "big")))
        )

    monkeypatch.setattr(holds, "RETRY", Backoff(first_s=0.2, max_s=0.2))
    scripted_broker.puback = answer
    rig = make_rig("5")
    rig.put(3)
    rig.session.start()
    eventually(lambda: rig.outbox.stats().depth == 1, what="delivery of all but the refused one")
    rig.put(2)
    eventually(lambda: rig.outbox.stats().depth == 2, what="delivery of what is not behind it")
    assert rig.session.trouble == "the broker does not take events of gate-0 (Not authorized)"
    scripted_broker.puback = puback
    eventually(lambda: rig.outbox.stats().depth == 0, what="an empty outbox once the broker takes it")
    assert rig.session.trouble is None
    assert len(scripted_broker.levels) == 1, "one connection was enough"
    refused = [event.seq for event in rig.sent(Event) if event.pipeline == "gate-0"]
    assert refused == sorted(refused)


def test_a_picture_that_a_broker_hangs_up_on_is_given_up_and_what_is_behind_it_goes(
    make_rig, scripted_broker, eventually
) -> None:
    def answer(mid: int) -> bytes:
        topic, _ = scripted_broker.published[-1]
        if "/snapshot/" in topic:
            scripted_broker.hang_up()
        return bytes((0x40, 2, *mid.to_bytes(2, "big")))

    scripted_broker.connack = CONNACK_3
    scripted_broker.puback = answer
    rig = make_rig("3.1.1")
    rig.outbox.put((rig.identity.topic("snapshot", "m1"), JPEG_START.ljust(100_000, b"\0")))
    rig.put(2)
    rig.session.start()
    eventually(lambda: rig.outbox.stats().depth == 0, what="an empty outbox")
    assert {event.pipeline for event in rig.sent(Event)} == {"gate-0", "gate-1"}
    assert rig.outbox.stats().dropped == 1


@pytest.mark.parametrize("size_bytes", [MAX_INBOUND_BYTES + 1, 200_000_000])
def test_a_packet_that_is_too_large_is_not_read_and_ends_the_hearing_for_a_while(
    make_rig, scripted_broker, eventually, size_bytes: int
) -> None:
    length = bytes(((size_bytes >> shift) & 0x7F) | (0x80 if shift < 21 else 0) for shift in (0, 7, 14, 21))
    subscribed: list[int] = []

    def feed(mid: int) -> bytes:
        subscribed.append(mid)
        return bytes((0x90, 3, *mid.to_bytes(2, "big"), 1)) + bytes((0x31,)) + length + bytes(100_000)

    scripted_broker.connack = CONNACK_3
    scripted_broker.suback = feed
    heard: list[object] = []
    rig = make_rig("3.1.1", heard)
    rig.session.start()
    eventually(lambda: len(heard) == 2, what="the report of one, and of the next that came at once")
    rig.put(2)
    eventually(lambda: rig.outbox.stats().depth == 0, what="delivery on a connection that does not listen")
    assert [one.label for one in heard if isinstance(one, Undelivered)] == ["packet-too-large"] * 2
    assert f"{size_bytes} bytes" in str(heard[0])
    assert len(subscribed) == 2
    assert len(scripted_broker.levels) == 3
    assert scripted_broker.goodbyes == 0, "the will speaks until the device is back"


def test_a_session_moves_to_another_broker_and_says_so(make_rig, scripted_broker, eventually, make_wire) -> None:
    rig = make_rig("5")
    rig.session.start()
    eventually(lambda: rig.sent(Status), what="the birth")
    wire = make_wire(scripted_broker.port)
    peer = Peer(address=parse_broker_url(f"mqtt://127.0.0.1:{wire.port}"), client_id="cam-1")
    scripted_broker.connack = CONNACK_3
    rig.session.reconnect(Terms(peer=peer, setting="3.1.1"))
    eventually(lambda: len(rig.sent(Status)) == 3, what="the birth at the other broker")
    assert [(one.state, one.reason) for one in rig.sent(Status)] == [
        ("online", None),
        ("offline", "moved to another broker"),
        ("online", None),
    ]
    assert scripted_broker.levels == [5, 4]


def test_a_device_that_cannot_get_back_in_under_its_new_terms_is_offline(make_rig, scripted_broker, eventually) -> None:
    rig = make_rig("5")
    rig.session.start()
    eventually(lambda: rig.sent(Status), what="the birth")
    scripted_broker.connack = bytes((0x20, 3, 0, 0x86, 0))
    login = Login(username="cam-1", password=Secret("mistyped"))
    address = parse_broker_url(f"mqtt://127.0.0.1:{scripted_broker.port}")
    rig.session.reconnect(Terms(peer=Peer(address=address, client_id="cam-1", login=login), setting="5"))
    eventually(lambda: len(scripted_broker.levels) >= 2, what="an attempt under the new terms")
    assert [(one.state, one.reason) for one in rig.sent(Status)] == [("online", None), ("offline", "reconnecting")]
    assert scripted_broker.goodbyes == 1


def test_a_broker_that_acknowledges_nothing_is_connected_to_anew(
    make_rig, scripted_broker, eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "ACK_TIMEOUT_S", 0.1)
    scripted_broker.puback = lambda mid: None
    make_rig().session.start()
    eventually(lambda: len(scripted_broker.levels) >= 2, what="a second connection")


def test_a_broker_that_never_answers_is_tried_ever_more_seldom_however_long_each_try_takes(
    make_rig, scripted_broker, eventually, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "CONNECT_TIMEOUT_S", 0.1)
    monkeypatch.setattr(retries, "STABLE_AFTER_S", 0.05)
    scripted_broker.connack = b""
    make_rig("5").session.start()
    eventually(
        lambda: "the broker does not answer" in caplog.text and "failure 4 in a row" in caplog.text, what="a row"
    )


def test_a_broker_that_hangs_up_on_version_5_is_asked_for_3_1_1(make_rig, scripted_broker, eventually) -> None:
    scripted_broker.connack = None
    rig = make_rig()
    rig.session.start()
    eventually(lambda: scripted_broker.levels[:1] == [5], what="the first attempt")
    scripted_broker.connack = CONNACK_3
    eventually(lambda: 4 in scripted_broker.levels and rig.sent(Status), what="a birth with 3.1.1")


def test_a_broker_that_spoke_5_and_hangs_up_while_it_starts_again_is_asked_for_5(
    make_rig, scripted_broker, eventually
) -> None:
    rig = make_rig()
    rig.session.start()
    eventually(lambda: rig.sent(Status), what="the birth")
    scripted_broker.connack = None
    scripted_broker.hang_up()
    eventually(lambda: len(scripted_broker.levels) >= 6, what="several attempts")
    scripted_broker.connack = CONNACK_5
    eventually(lambda: len(rig.sent(Status)) >= 2, what="the next birth")
    assert set(scripted_broker.levels) == {5}


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
    scripted_broker.puback = lambda mid: puback(mid) if mid == STATUS else None
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

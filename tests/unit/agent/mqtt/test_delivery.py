"""What goes over a connection in which order, what is waited for there, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from skerry_edge.agent.config.delivery import OutboxConfig
from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.mqtt import delivery
from skerry_edge.agent.mqtt.bulletins import BulletinBoard
from skerry_edge.agent.mqtt.connection import Ack
from skerry_edge.agent.mqtt.delivery import Delivery
from skerry_edge.agent.mqtt.refusal import BrokerError
from skerry_edge.agent.mqtt.returns import Returns
from skerry_edge.agent.outbox.outbox import Outbox
from skerry_edge.contracts.codec import decode, encode
from skerry_edge.contracts.messages import MAX_JSON_BYTES, CommandResult, Event, Heartbeat
from skerry_edge.contracts.snapshots import JPEG_START
from skerry_edge.contracts.topics import parse_topic

SNAPSHOT = JPEG_START.ljust(100_000, b"\0")


class Line:
    """A connection that takes everything; its messages are numbered from 1 on."""

    where, in_flight_limit, payload_limit, version = "mqtt://broker", 20, 1 << 20, "5"

    def __init__(self) -> None:
        self._numbers = count(1)
        self.published: list[tuple[int, str, bytes]] = []

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> int:
        number = next(self._numbers)
        self.published.append((number, topic, payload))
        return number

    def labels(self) -> list[str]:
        """The labels of the events that were sent since the last call, and `beat` for each heartbeat."""
        sent, self.published = self.published, []
        messages = [decode(parse_topic(topic).kind, payload) for _, topic, payload in sent]
        return ["beat" if isinstance(one, Heartbeat) else one.label for one in messages]


@pytest.fixture
def identity() -> Identity:
    return Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=clock_state)


@pytest.fixture
def outbox(identity: Identity, tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path, max_bytes=1 << 20, identity=identity)
    yield opened
    opened.close()


@pytest.fixture
def sending(identity: Identity, outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Delivery]:
    """Return a function that sends contents; a broker must answer at once but for the time that bytes take."""
    monkeypatch.setattr(delivery, "ACK_TIMEOUT_S", -1.0)

    def send(*contents: bytes | None) -> Delivery:
        line: Any = Line()
        started = Delivery(line, outbox, BulletinBoard(), Returns(outbox, lambda _: None), OutboxConfig())
        for one in contents:
            event = Event(**identity.stamp(), kind="detection", pipeline="gate", label="car")
            outbox.put((identity.topic("event"), event) if one is None else (identity.topic("snapshot", event.id), one))
        started.send_waiting()
        return started

    return send


def test_a_snapshot_is_given_the_time_that_a_slow_line_takes_for_it(sending) -> None:
    sending(SNAPSHOT).take([])


def test_what_was_sent_behind_a_snapshot_is_given_that_time_too(sending) -> None:
    sending(SNAPSHOT, None).take([Ack(mid=1, code=0, name="Success")])


def test_a_small_message_is_overdue_when_its_time_is_over(sending) -> None:
    with pytest.raises(BrokerError, match="did not acknowledge a message"):
        sending(None).take([])


class Clock:
    """A monotonic clock that goes on only when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the delivery."""
    made = Clock()
    monkeypatch.setattr(delivery, "time", made)
    return made


def put(outbox: Outbox, identity: Identity, *labels: str, pipeline: str = "gate") -> None:
    topic = identity.topic("event")
    outbox.put(
        *((topic, Event(**identity.stamp(), kind="detection", pipeline=pipeline, label=label)) for label in labels)
    )


def beat(outbox: Outbox, identity: Identity) -> None:
    vitals = {"uptime_s": 1.0, "cpu_percent": 0.0, "memory_used_mb": 1.0, "memory_total_mb": 2.0, "disk_free_mb": 3.0}
    heartbeat = Heartbeat(**identity.stamp(), board="generic-x86", agent_version="1", **vitals)  # type: ignore[arg-type]
    outbox.put((identity.topic("heartbeat"), heartbeat))


def begin(outbox: Outbox, **config: Any) -> tuple[Delivery, Any]:
    line: Any = Line()
    returns = Returns(outbox, lambda _: None)
    return Delivery(line, outbox, BulletinBoard(), returns, OutboxConfig(**config)), line


def answer(started: Delivery, *mids: int, code: int = 0) -> None:
    started.take([Ack(mid=mid, code=code, name="a code") for mid in mids])


def test_a_backlog_goes_out_at_its_pace_and_in_order(outbox, identity, clock) -> None:
    put(outbox, identity, *map(str, range(1000)))
    started, line = begin(outbox, replay_per_s=10, replay_in_flight=4)
    arrived: list[str] = []
    for _ in range(100):
        started.send_waiting()
        mids = [mid for mid, _, _ in line.published]
        arrived += line.labels()
        answer(started, *mids)
        clock.now_s += 0.1
    assert arrived == [str(number) for number in range(len(arrived))]
    assert 95 <= len(arrived) <= 105


def test_a_heartbeat_and_a_bulletin_pass_by_a_backlog(outbox, identity, clock) -> None:
    put(outbox, identity, *map(str, range(1000)))
    started, line = begin(outbox, without_subscriber="done")
    started.send_waiting()
    assert line.labels() == ["0"]
    answer(started, 1)
    for _ in range(3):
        started.send_waiting()
    assert line.labels() == [str(number) for number in range(1, 10)], "as many unacknowledged as allowed"
    beat(outbox, identity)
    started.send_waiting()
    assert line.labels() == ["beat"]
    assert started.has_room


def test_what_comes_while_a_backlog_goes_out_waits_for_its_turn_and_is_not_paced(outbox, identity, clock) -> None:
    put(outbox, identity, "old 1", "old 2")
    started, line = begin(outbox, replay_per_s=1, replay_in_flight=1, without_subscriber="done")
    put(outbox, identity, *(f"new {number}" for number in range(5)))
    started.send_waiting()
    assert line.labels() == ["old 1"]
    answer(started, 1)
    started.send_waiting()
    assert line.labels() == []
    assert started.pause_s == pytest.approx(1.0)
    clock.now_s += started.pause_s
    started.send_waiting()
    assert line.labels() == ["old 2"]
    answer(started, 2)
    clock.now_s += started.pause_s
    started.send_waiting()
    answer(started, 3)
    started.send_waiting()
    assert line.labels() == [f"new {number}" for number in range(5)]


def test_an_event_that_nobody_subscribes_to_is_kept_and_tried_again(outbox, identity, clock) -> None:
    started, line = begin(outbox)
    put(outbox, identity, *"abc")
    started.send_waiting()
    assert line.labels() == ["a"]
    answer(started, 1, code=0x10)
    assert outbox.stats().depth == 3
    assert not started.waits, "nothing is to be sent that somebody would get"
    started.send_waiting()
    assert line.labels() == []
    clock.now_s += started.pause_s
    started.send_waiting()
    assert line.labels() == ["a"], "one alone"
    answer(started, 2)
    started.send_waiting()
    assert line.labels() == ["b"]
    answer(started, 3)
    started.send_waiting()
    assert line.labels() == ["c"]
    answer(started, 4)
    assert outbox.stats().depth == 0


def test_a_subscriber_that_appears_between_two_events_gets_them_in_order(outbox, identity, clock) -> None:
    started, line = begin(outbox)
    put(outbox, identity, "e1", "e2")
    put(outbox, identity, "other", pipeline="door")
    started.send_waiting()
    assert line.labels() == ["e1", "other"], "of each pipeline one, and the pipelines beside each other"
    answer(started, 1, code=0x10)
    answer(started, 2)
    arrived: list[str] = []
    for mid in (3, 4):
        started.send_waiting()
        arrived += line.labels()
        answer(started, mid)
    assert arrived == ["e1", "e2"]


def test_with_version_3_1_1_which_tells_no_subscribers_nothing_waits_for_an_answer(outbox, identity, clock) -> None:
    started, line = begin(outbox)
    line.version = "3.1.1"
    put(outbox, identity, "e1", "e2")
    started.send_waiting()
    assert line.labels() == ["e1", "e2"]


def test_heartbeats_and_snapshots_that_nobody_subscribes_to_are_done(outbox, identity, clock) -> None:
    started, _ = begin(outbox)
    beat(outbox, identity)
    outbox.put((identity.topic("snapshot", "m1"), SNAPSHOT))
    started.send_waiting()
    answer(started, 1, 2, code=0x10)
    assert outbox.stats().depth == 0


def test_where_it_is_set_so_an_event_without_subscriber_is_done(outbox, identity, clock) -> None:
    put(outbox, identity, *"abc")
    started, _ = begin(outbox, without_subscriber="done")
    for mid in (1, 2, 3):
        started.send_waiting()
        answer(started, mid, code=0x10)
    started.send_waiting()
    answer(started, *range(4, 10), code=0x10)
    assert outbox.stats().depth == 0


def test_at_the_end_what_is_fresh_is_waited_for_and_a_backlog_is_not(outbox, identity, clock) -> None:
    put(outbox, identity, *map(str, range(100)))
    started, line = begin(outbox)
    assert not started.waits
    started.send_waiting()
    assert started.waits, "for the answer"
    answer(started, 1)
    assert not started.waits
    for mid in range(2, 101):
        clock.now_s += 1.0
        started.send_waiting()
        if mid in [one for one, _, _ in line.published]:
            answer(started, mid)
    assert outbox.stats().depth == 0
    started.send_waiting()
    put(outbox, identity, "fresh")
    assert started.waits
    started.send_waiting()
    assert line.labels()[-1] == "fresh"


def test_a_message_that_its_mark_would_make_too_large_is_sent_without_it(outbox, identity, clock) -> None:
    def result(filler: int) -> CommandResult:
        return CommandResult(**identity.stamp(), command="c1", ok=True, output={"log": "x" * filler})

    largest = result(MAX_JSON_BYTES - len(encode(result(0))))
    outbox.put((identity.topic("result", "c1"), largest))
    started, line = begin(outbox)
    started.send_waiting()
    ((_, _, payload),) = line.published
    assert decode("result", payload) == largest

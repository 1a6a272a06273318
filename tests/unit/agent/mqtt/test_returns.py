"""What becomes of what a broker does not take, over one connection and over many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from skerry_edge.agent.config.delivery import OutboxConfig
from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.mqtt import delivery, returns
from skerry_edge.agent.mqtt.bulletins import Bulletin, BulletinBoard
from skerry_edge.agent.mqtt.connection import Ack
from skerry_edge.agent.mqtt.delivery import Delivery
from skerry_edge.agent.mqtt.holds import STRIKES
from skerry_edge.agent.mqtt.news import Undelivered
from skerry_edge.agent.mqtt.queue import LOOK_AHEAD
from skerry_edge.agent.mqtt.refusal import BrokerError
from skerry_edge.agent.mqtt.returns import Returns
from skerry_edge.agent.outbox import keeper
from skerry_edge.agent.outbox.database import DiskError, LetterDatabase
from skerry_edge.agent.outbox.outbox import Outbox
from skerry_edge.agent.outbox.policy import Stored
from skerry_edge.contracts.codec import decode
from skerry_edge.contracts.messages import CommandResult, Event, Heartbeat
from skerry_edge.contracts.snapshots import JPEG_START
from skerry_edge.contracts.topics import parse_topic

LOST = BrokerError("the connection to the broker is lost", where="mqtt://broker", may_be_of_message=True)
VITALS = {"uptime_s": 1.0, "cpu_percent": 0.0, "memory_used_mb": 1.0, "memory_total_mb": 2.0, "disk_free_mb": 3.0}
NAMES = {0: "Success", 0x10: "No matching subscribers", 0x87: "Not authorized"}
PICTURE = JPEG_START.ljust(30_000, b"\0")


class Broker:
    """Takes what ``takes`` says: yes, no, or (None) hangs up on it; over as many connections as that costs.

    One that is ``strict`` ends the connection behind each refusal.
    """

    where, in_flight_limit, payload_limit, version = "mqtt://broker", 20, 1 << 20, "5"

    def __init__(self) -> None:
        self.takes: Callable[[str, Any], bool | None] = lambda topic, message: True
        self.arrived: list[str] = []
        self.connections = 0
        self.strict = False
        self.has_subscriber = True
        self._numbers = count(1)
        self._open: list[tuple[int, str, bytes]] = []

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> int:
        self._open.append((next(self._numbers), topic, payload))
        return self._open[-1][0]

    @property
    def last_mid(self) -> int:
        """The id of what was published last, and is not answered."""
        return self._open[-1][0]

    @property
    def last_label(self) -> str:
        """The label of the event that was published last, and is not answered."""
        return str(getattr(decode("event", self._open[-1][2]), "label", None))

    def answers(self) -> tuple[list[Ack], bool]:
        """Answer what was published, in order, until something to hang up on; tell whether the line still stands."""
        acks: list[Ack] = []
        waiting, self._open = self._open, []
        for mid, topic, payload in waiting:
            kind = parse_topic(topic).kind
            message = payload if kind == "snapshot" else decode(kind, payload)
            taken = self.takes(topic, message)
            if taken is None:
                return acks, False
            if taken:
                self.arrived.append(getattr(message, "label", kind))
            code = 0x87 if not taken else 0 if self.has_subscriber else 0x10
            acks.append(Ack(mid=mid, code=code, name=NAMES[code]))
            if self.strict and not taken:
                return acks, False
        return acks, True


class Clock:
    """A monotonic clock that goes on only when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


class Device:
    """A device with its outbox, which connects whenever it has no connection, and what it told."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.identity = Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=clock_state)
        self.outbox = Outbox(folder, max_bytes=1 << 22, identity=self.identity)
        self.broker = Broker()
        self.told: list[Undelivered] = []
        self.ends: list[BrokerError] = []
        self.returns = Returns(self.outbox, self.told.append)
        self.clock = clock

    def see(self, *labels: str, pipeline: str = "gate") -> None:
        for label in labels:
            event = Event(**self.identity.stamp(), kind="detection", pipeline=pipeline, label=label)
            self.outbox.put((self.identity.topic("event"), event))

    def beat(self) -> None:
        heartbeat = Heartbeat(**self.identity.stamp(), board="generic-x86", agent_version="1", **VITALS)  # type: ignore[arg-type]
        self.outbox.put((self.identity.topic("heartbeat"), heartbeat))

    def answer_command(self, log: str) -> None:
        result = CommandResult(**self.identity.stamp(), command="c1", ok=True, message="the log", output={"log": log})
        self.outbox.put((self.identity.topic("result", "c1"), result))

    def connect(self, board: BulletinBoard | None = None, **config: Any) -> Delivery:
        """Begin another connection."""
        line: Any = self.broker
        self.broker.connections += 1
        return Delivery(line, self.outbox, board or BulletinBoard(), self.returns, OutboxConfig(**config))

    def go_on(self, started: Delivery, seconds: float = 10.0) -> None:
        """Go on for so long over one connection."""
        end_s = self.clock.now_s + seconds
        while self.clock.now_s < end_s:
            started.send_waiting()
            started.take(self.broker.answers()[0])
            self.clock.now_s += 0.05

    def run(self, seconds: float = 10.0, **config: Any) -> None:
        """Go on for so long."""
        end_s, started = self.clock.now_s + seconds, None
        while self.clock.now_s < end_s:
            if started is None:
                started = self.connect(**config)
            started.send_waiting()
            acks, stands = self.broker.answers()
            started.take(acks)
            if not stands:
                self.ends.append(started.lost(LOST))
                started = None
            self.clock.now_s += 0.05

    @property
    def depth(self) -> int:
        return self.outbox.stats().depth


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the delivery."""
    made = Clock()
    for module in (delivery, returns):
        monkeypatch.setattr(module, "time", made)
    return made


@pytest.fixture
def device(tmp_path: Path, clock: Clock) -> Iterator[Device]:
    made = Device(tmp_path, clock)
    yield made
    made.outbox.close()


def test_pictures_that_are_refused_are_dropped_counted_and_told_once(device: Device) -> None:
    device.broker.takes = lambda topic, message: "/snapshot/" not in topic
    for number in range(3):
        device.outbox.put((device.identity.topic("snapshot", f"m{number}"), PICTURE))
        device.see(f"e{number}")
    device.run()
    assert device.broker.arrived == ["e0", "e1", "e2"]
    assert (device.depth, device.outbox.stats().dropped, device.broker.connections) == (0, 3, 1)
    assert [one.text.split(" (")[0] for one in device.told] == ["the broker does not take pictures"]


@pytest.mark.parametrize(("refusal", "wasted"), [(False, 1), (None, STRIKES)])
def test_pictures_and_answers_that_end_connections_cost_few_of_them_until_they_are_taken(
    device: Device, refusal: bool | None, wasted: int
) -> None:
    device.broker.strict = True
    device.broker.takes = lambda topic, message: refusal if "/snapshot/" in topic or "/result/" in topic else True
    for number in range(40):
        device.outbox.put((device.identity.topic("snapshot", f"m{number}"), PICTURE))
        device.answer_command("it is well")
        device.see(f"e{number}")
        device.run(1.0)
    assert device.broker.arrived == [f"e{number}" for number in range(40)]
    assert (device.depth, device.outbox.stats().dropped) == (0, 80)
    assert len(device.ends) <= 2 * (wasted + 4), "in so short a time each lane is tried again four times at most"
    assert device.returns.holds.trouble is None
    device.broker.takes = lambda topic, message: True
    device.run(300.0)
    device.outbox.put((device.identity.topic("snapshot", "last"), PICTURE))
    device.answer_command("it is well")
    device.run(1.0)
    assert sorted(device.broker.arrived[40:]) == ["result", "snapshot"]


def test_an_end_that_follows_a_refusal_names_the_letter_and_is_no_failure_of_the_connection(device: Device) -> None:
    device.broker.strict = True
    device.broker.takes = lambda topic, message: "/snapshot/" not in topic
    device.outbox.put((device.identity.topic("snapshot", "m1"), PICTURE))
    device.see("behind it")
    device.run(1.0)
    (end,) = device.ends
    assert end.of_letter
    assert "does not take skerry/v1/garden/cam-1/snapshot/m1 (Not authorized)" in str(end)


def test_an_end_right_behind_a_picture_is_no_failure_with_3_1_1_which_has_no_refusals(device: Device) -> None:
    device.broker.version = "3.1.1"
    started = device.connect()
    device.outbox.put((device.identity.topic("snapshot", "m1"), PICTURE))
    started.send_waiting()
    started.take([Ack(mid=device.broker.last_mid, code=0, name="Success")])
    assert started.lost(LOST).of_letter
    device.see("behind it")
    started.send_waiting()
    started.take([Ack(mid=device.broker.last_mid, code=0, name="Success")])
    assert not started.lost(LOST).of_letter


def test_an_answer_that_is_too_large_for_the_broker_goes_without_what_makes_it_so(device: Device) -> None:
    taken: list[CommandResult] = []
    device.broker.payload_limit = 20_000
    device.broker.takes = lambda topic, message: taken.append(message) is None
    device.answer_command("x" * 40_000)
    device.run()
    ((answer,),) = (taken,)
    assert (answer.command, answer.ok, dict(answer.output)) == ("c1", True, {})
    assert "the broker takes 20000: ask for less (the log)" in str(answer.message)
    assert (device.depth, device.outbox.stats().dropped) == (0, 0)


def test_an_event_that_is_refused_is_kept_with_all_that_its_pipeline_saw_after_it(device: Device) -> None:
    device.broker.takes = lambda topic, message: getattr(message, "label", "") != "poison"
    device.see("a", "poison", "b", "c")
    device.see("x", "y", pipeline="door")
    device.run(400.0)
    assert device.broker.arrived == ["a", "x", "y"]
    assert (device.depth, device.outbox.stats().dropped, device.broker.connections) == (3, 0, 1)
    assert device.returns.holds.trouble == "the broker does not take events of gate (Not authorized)"
    assert [one.label for one in device.told] == ["events-held"]
    device.broker.takes = lambda topic, message: True
    device.run(400.0)
    assert device.broker.arrived == ["a", "x", "y", "poison", "b", "c"]
    assert (device.depth, device.returns.holds.trouble) == (0, None)


def test_of_several_under_way_together_only_the_one_that_holds_its_lane_frees_it(device: Device) -> None:
    tried: list[str] = []
    device.broker.takes = lambda topic, message: tried.append(message.label) is None and message.label != "poison"
    device.see("a")
    device.run(1.0, without_subscriber="done")
    device.see("poison", "b", "c", "d")
    device.run(5.0, without_subscriber="done")
    assert tried.count("poison") <= 2, "not tried again with each of the others"
    assert "events of gate" in str(device.returns.holds.trouble)
    device.broker.takes = lambda topic, message: True
    device.run(400.0)
    assert device.depth == 0


def test_behind_very_many_events_that_are_held_others_are_found(device: Device) -> None:
    device.broker.takes = lambda topic, message: getattr(message, "pipeline", "") != "gate"
    device.see(*map(str, range(1500)))
    device.see("x", pipeline="door")
    device.run(20.0)
    device.see("y", pipeline="door")
    device.run(1.0)
    assert device.broker.arrived == ["x", "y"]
    device.broker.takes = lambda topic, message: True
    device.run(400.0, replay_per_s=1000)
    assert device.broker.arrived[2:] == [str(number) for number in range(1500)]


def test_an_event_that_the_broker_hangs_up_on_is_kept_aside_after_a_few_connections(device: Device) -> None:
    device.broker.takes = lambda topic, message: None if getattr(message, "label", "") == "poison" else True
    device.see("a", "poison", "b")
    device.see("x", pipeline="door")
    device.run(5.0)
    assert sorted(device.broker.arrived) == ["a", "x"]
    assert device.broker.connections == 1 + STRIKES
    assert "each connection ends with it" in str(device.returns.holds.trouble)
    device.run(2000.0)
    assert device.broker.connections < 1 + STRIKES + 20, "it is tried ever more seldom"
    device.broker.takes = lambda topic, message: True
    device.run(400.0)
    assert device.broker.arrived[2:] == ["poison", "b"]


def test_a_picture_that_the_broker_hangs_up_on_is_dropped_after_a_few_connections(device: Device) -> None:
    device.broker.takes = lambda topic, message: None if "/snapshot/" in topic else True
    device.see("a")
    device.outbox.put((device.identity.topic("snapshot", "m1"), PICTURE))
    device.see("b")
    device.run()
    assert device.broker.arrived == ["a", "b"]
    assert (device.depth, device.outbox.stats().dropped) == (0, 1)


def test_a_line_that_breaks_here_and_there_costs_no_picture_and_holds_no_event(device: Device) -> None:
    breaks = count()
    device.broker.takes = lambda topic, message: None if next(breaks) % 3 else True
    device.see(*"abc")
    device.outbox.put((device.identity.topic("snapshot", "m1"), PICTURE))
    device.run()
    assert device.broker.arrived == ["a", "b", "c", "snapshot"]
    assert (device.outbox.stats().dropped, device.told) == (0, [])


def test_heartbeats_that_a_broker_hangs_up_on_do_not_keep_events_back(device: Device) -> None:
    device.broker.takes = lambda topic, message: None if isinstance(message, Heartbeat) else True
    device.beat()
    device.see("a")
    device.run(5.0)
    device.beat()
    device.see("b")
    device.run(2.0)
    assert device.broker.arrived == ["a", "b"]
    assert "heartbeats" in str(device.returns.holds.trouble)
    device.broker.takes = lambda topic, message: True
    device.run(400.0)
    assert device.broker.arrived == ["a", "b", "heartbeat"]
    assert device.returns.holds.trouble is None


def lose_with(device: Device, message: str) -> None:
    """Lose the connection once while a message of this kind or label is the oldest unanswered."""
    device.broker.takes = lambda topic, content: (
        None if message in (getattr(content, "label", ""), parse_topic(topic).kind) else True
    )
    device.run(0.05)
    assert len(device.ends) > 0


def test_lines_that_break_with_heartbeats_that_are_taken_in_between_hold_nothing(device: Device) -> None:
    for _ in range(2 * STRIKES):
        device.beat()
        lose_with(device, "heartbeat")
        device.broker.takes = lambda topic, message: True
        device.run(1.0)
    assert device.broker.arrived == ["heartbeat"] * 2 * STRIKES
    assert (len(device.returns.holds), len(device.ends)) == (0, 2 * STRIKES)


def test_an_event_that_is_taken_while_nobody_subscribes_is_not_to_blame_for_a_line_that_breaks(device: Device) -> None:
    device.see("a")
    for _ in range(2 * STRIKES):
        lose_with(device, "a")
        device.broker.takes = lambda topic, message: True
        device.broker.has_subscriber = False
        device.run(1.0)
        device.broker.has_subscriber = True
    assert (device.told, device.depth) == ([], 1)
    device.run(100.0)
    assert device.depth == 0


def test_a_lane_that_is_due_and_cannot_be_tried_yet_keeps_the_session_waiting(device: Device) -> None:
    device.broker.takes = lambda topic, message: False
    device.see("a", "b")
    device.run(1.0)
    board = BulletinBoard()
    board.put(Bulletin(topic=device.identity.topic("state"), make=lambda: b"{}"))
    started = device.connect(board)
    started.post_changed()
    device.clock.now_s += 1000.0
    started.send_waiting()
    assert started.pause_s > 0.0, "the bulletin is not acknowledged"
    started.take([Ack(mid=device.broker.last_mid, code=0, name="Success")])
    device.broker.in_flight_limit = 0
    started.send_waiting()
    assert started.pause_s > 0.0, "there is no room"
    device.broker.in_flight_limit = 1
    assert started.pause_s == 0.0


def test_what_is_held_behind_an_event_under_way_is_walked_past_once_and_that_event_found_when_it_comes_back(
    device: Device,
) -> None:
    started = device.connect()
    device.see("slow", pipeline="door")
    device.see(*map(str, range(40 * LOOK_AHEAD)))
    device.returns.take_back(device.outbox.pending((), 2)[1], "Not authorized")
    for _ in range(5):
        started.send_waiting()
    assert started.pause_s > 0.0, "all of them were seen"
    slow = device.broker.last_mid
    started.take([Ack(mid=slow, code=0x10, name="No matching subscribers")])
    device.clock.now_s += started.pause_s
    started.send_waiting()
    assert device.broker.last_mid > slow, "it was sent again"
    assert device.broker.last_label == "slow"


def test_an_event_that_is_held_and_dropped_at_the_budget_holds_nothing_any_more(device: Device) -> None:
    device.broker.takes = lambda topic, message: getattr(message, "label", "") != "poison"
    device.see("poison", "b")
    device.run(5.0)
    assert device.broker.arrived == []
    (poison,) = device.outbox.pending((), 1)
    device.outbox.discard(poison.key)
    device.run(400.0)
    assert device.broker.arrived == ["b"]
    assert device.returns.holds.trouble is None


def test_a_lane_whose_letter_cannot_be_read_for_a_while_stays_held_and_in_order(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(database: LetterDatabase, key: int) -> Stored:
        raise DiskError("the outbox's disk does not answer", where="here", found="I/O error")

    for name in ("CHECK_S", "RETRY_S"):
        monkeypatch.setattr(keeper, name, 0.0)
    device.broker.takes = lambda topic, message: getattr(message, "label", "") != "poison"
    device.see("poison", "b")
    started = device.connect()
    device.go_on(started, 1.0)
    device.broker.takes = lambda topic, message: True
    with monkeypatch.context() as disk:
        disk.setattr(LetterDatabase, "letter", fail)
        device.go_on(started, 30.0)
    assert "events of gate" in str(device.returns.holds.trouble)
    device.go_on(started, 400.0)
    assert [label for label in device.broker.arrived if label != "outbox-disk"] == ["poison", "b"]


def test_letters_that_come_back_with_their_file_go_though_newer_ones_are_held(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CHECK_S", "RETRY_S"):
        monkeypatch.setattr(keeper, name, 0.0)
    folder, away = tmp_path / "state", tmp_path / "away"
    folder.mkdir()
    before = Device(folder, clock)
    before.see("old", pipeline="door")
    before.outbox.close()
    folder.rename(away)
    device = Device(folder, clock)
    device.broker.takes = lambda topic, message: getattr(message, "pipeline", "") != "gate"
    started = device.connect()
    device.see("poison", "b")
    device.go_on(started)
    away.rename(folder)
    device.go_on(started)
    assert "old" in device.broker.arrived
    device.outbox.close()

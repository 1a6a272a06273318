"""What every sink promises; one suite over every implementation."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from skerry_edge.agent.outbox import MemoryOutbox, Sink
from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.messages import Event, Heartbeat
from skerry_edge.contracts.snapshots import JPEG_START, MAX_SNAPSHOT_BYTES

EVENT_TOPIC = "skerry/v1/garden/cam-1/event"
SNAPSHOT_TOPIC = "skerry/v1/garden/cam-1/snapshot/m1"
HEARTBEAT_TOPIC = "skerry/v1/garden/cam-1/heartbeat"
ROOMY = 1 << 20

MakeSink = Callable[[int], Sink]


@pytest.fixture(params=[MemoryOutbox], ids=lambda kind: kind.__name__)
def make_sink(request: pytest.FixtureRequest) -> MakeSink:
    """A sink of each kind with a budget in bytes."""
    kind: MakeSink = request.param
    return kind


def stamp(seq: int) -> dict[str, object]:
    return {"v": 1, "id": f"m{seq}", "session": "00000001-0000abcd", "seq": seq, "ts": 1000 + seq, "clock": "synced"}


def event(seq: int, message: str = "") -> Event:
    return Event(**stamp(seq), kind="detection", pipeline="gate", label="car", message=message)  # type: ignore[arg-type]


def heartbeat(seq: int) -> Heartbeat:
    return Heartbeat(
        **stamp(seq),  # type: ignore[arg-type]
        board="generic-x86",
        agent_version="1",
        uptime_s=1.0,
        cpu_percent=0.0,
        memory_used_mb=1.0,
        memory_total_mb=2.0,
        disk_free_mb=3.0,
    )


def waiting(sink: Sink) -> list[int]:
    return [letter.message.seq for letter in sink.pending(0, 1000)]


def test_what_was_put_waits_in_order_and_unchanged(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    for seq in (1, 2, 3):
        sink.put(EVENT_TOPIC, event(seq))
    letters = sink.pending(0, 10)
    assert [letter.message for letter in letters] == [event(1), event(2), event(3)]
    assert {letter.topic for letter in letters} == {EVENT_TOPIC}
    keys = [letter.key for letter in letters]
    assert keys == sorted(set(keys))
    assert keys[0] > 0


def test_a_letter_waits_until_it_is_acknowledged(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    for seq in (1, 2, 3):
        sink.put(EVENT_TOPIC, event(seq))
    first, second, _ = sink.pending(0, 10)
    sink.acknowledge(second.key)
    assert waiting(sink) == [1, 3]
    sink.acknowledge(first.key)
    assert waiting(sink) == [3]
    assert sink.stats().depth == 1


def test_asking_again_gives_the_same_letters(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    sink.put(EVENT_TOPIC, event(1))
    assert sink.pending(0, 10) == sink.pending(0, 10)


def test_letters_are_given_from_a_key_on_and_at_most_as_many_as_asked(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    for seq in range(1, 6):
        sink.put(EVENT_TOPIC, event(seq))
    first_two = sink.pending(0, 2)
    assert [letter.message.seq for letter in first_two] == [1, 2]
    assert [letter.message.seq for letter in sink.pending(first_two[-1].key, 10)] == [3, 4, 5]
    assert sink.pending(sink.stats().newest, 10) == []


def test_acknowledging_what_does_not_wait_is_no_error(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    sink.put(EVENT_TOPIC, event(1))
    (letter,) = sink.pending(0, 1)
    sink.acknowledge(letter.key)
    sink.acknowledge(letter.key)
    sink.acknowledge(10**9)
    assert sink.stats().depth == 0


def test_a_heartbeat_replaces_the_one_that_waits(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    sink.put(HEARTBEAT_TOPIC, heartbeat(1))
    sink.put(EVENT_TOPIC, event(2))
    sink.put(HEARTBEAT_TOPIC, heartbeat(3))
    assert waiting(sink) == [2, 3]
    assert sink.stats().dropped == 0


def test_beyond_the_budget_the_oldest_events_are_dropped_and_counted(make_sink: MakeSink) -> None:
    size = len(encode(event(1)))
    sink = make_sink(3 * size + size // 2)
    for seq in range(1, 6):
        sink.put(EVENT_TOPIC, event(seq))
    assert waiting(sink) == [3, 4, 5]
    assert sink.stats().dropped == 2


def test_events_are_kept_at_a_heartbeats_cost(make_sink: MakeSink) -> None:
    sink = make_sink(len(encode(heartbeat(2))) + len(encode(event(1))) + 10)
    sink.put(EVENT_TOPIC, event(1))
    sink.put(HEARTBEAT_TOPIC, heartbeat(2))
    sink.put(EVENT_TOPIC, event(3))
    assert waiting(sink) == [1, 3]
    assert sink.stats().dropped == 1


def test_a_heartbeat_displaces_no_event(make_sink: MakeSink) -> None:
    sink = make_sink(len(encode(event(1))) + 10)
    sink.put(EVENT_TOPIC, event(1))
    sink.put(HEARTBEAT_TOPIC, heartbeat(2))
    assert waiting(sink) == [1]
    assert sink.stats().dropped == 1


def test_acknowledged_letters_give_their_room_back(make_sink: MakeSink) -> None:
    sink = make_sink(len(encode(event(1))) + 10)
    for seq in range(1, 10):
        sink.put(EVENT_TOPIC, event(seq))
        (letter,) = sink.pending(0, 10)
        sink.acknowledge(letter.key)
    assert sink.stats().dropped == 0


def test_the_newest_key_is_that_of_the_last_letter_accepted(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    assert sink.stats().newest == 0
    for seq in (1, 2):
        sink.put(EVENT_TOPIC, event(seq))
    assert sink.stats().newest == sink.pending(0, 10)[-1].key
    sink.acknowledge(sink.stats().newest)
    assert sink.stats().newest > sink.pending(0, 10)[-1].key


def test_a_message_beyond_the_contracts_size_is_refused_and_costs_nothing(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    sink.put(EVENT_TOPIC, event(1))
    with pytest.raises(WireError):
        sink.put(EVENT_TOPIC, event(2, message="x" * 70_000))
    assert waiting(sink) == [1]
    assert sink.stats().dropped == 0


def test_threads_that_put_and_acknowledge_at_once_lose_nothing(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY * 8)
    delivered: list[int] = []
    done = threading.Event()

    def deliver() -> None:
        while not (done.is_set() and sink.stats().depth == 0):
            for letter in sink.pending(0, 20):
                delivered.append(letter.message.seq)
                sink.acknowledge(letter.key)

    courier = threading.Thread(target=deliver)
    courier.start()
    for seq in range(1, 2001):
        sink.put(EVENT_TOPIC, event(seq))
    done.set()
    courier.join(60.0)
    assert delivered == list(range(1, 2001))
    assert sink.stats().dropped == 0


def jpeg(name: str) -> bytes:
    """A snapshot of 1000 bytes."""
    return JPEG_START + name.encode().ljust(997, b"\0")


def contents(sink: Sink) -> list[object]:
    """The snapshots that wait, and the numbers of the messages."""
    return [one.message if isinstance(one.message, bytes) else one.message.seq for one in sink.pending(0, 1000)]


def test_a_snapshot_waits_in_its_turn_and_unchanged(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    sink.put(EVENT_TOPIC, event(1))
    sink.put(SNAPSHOT_TOPIC, jpeg("a"))
    sink.put(EVENT_TOPIC, event(2))
    assert contents(sink) == [1, jpeg("a"), 2]
    assert sink.pending(0, 10)[1].topic == SNAPSHOT_TOPIC


def test_a_new_snapshot_displaces_the_oldest_and_no_event(make_sink: MakeSink) -> None:
    sink = make_sink(2 * 1000 + 2 * len(encode(event(1))))
    sink.put(EVENT_TOPIC, event(1))
    sink.put(EVENT_TOPIC, event(2))
    for name in "abc":
        sink.put(SNAPSHOT_TOPIC, jpeg(name))
    assert contents(sink) == [1, 2, jpeg("b"), jpeg("c")]
    assert sink.stats().dropped == 1


def test_a_snapshot_for_which_events_leave_no_room_is_dropped(make_sink: MakeSink) -> None:
    sink = make_sink(999)
    sink.put(EVENT_TOPIC, event(1))
    sink.put(SNAPSHOT_TOPIC, jpeg("a"))
    assert contents(sink) == [1]
    assert sink.stats().dropped == 1


def test_a_snapshot_that_finds_no_room_costs_the_others_nothing(make_sink: MakeSink) -> None:
    sink = make_sink(1500 + len(encode(event(1))))
    sink.put(EVENT_TOPIC, event(1))
    sink.put(SNAPSHOT_TOPIC, jpeg("a"))
    sink.put(SNAPSHOT_TOPIC, JPEG_START.ljust(2000, b"\0"))
    assert contents(sink) == [1, jpeg("a")]
    assert sink.stats().dropped == 1


def test_events_are_kept_at_a_snapshots_cost(make_sink: MakeSink) -> None:
    size = len(encode(event(1)))
    sink = make_sink(1000 + size)
    sink.put(EVENT_TOPIC, event(1))
    sink.put(SNAPSHOT_TOPIC, jpeg("a"))
    sink.put(EVENT_TOPIC, event(2))
    assert contents(sink) == [1, 2]
    assert sink.stats().dropped == 1


@pytest.mark.parametrize("payload", [b"no picture", JPEG_START.ljust(MAX_SNAPSHOT_BYTES + 1, b"\0")])
def test_what_is_no_snapshot_is_refused_and_costs_nothing(make_sink: MakeSink, payload: bytes) -> None:
    sink = make_sink(ROOMY)
    with pytest.raises(WireError):
        sink.put(SNAPSHOT_TOPIC, payload)
    assert sink.stats().depth == sink.stats().dropped == 0

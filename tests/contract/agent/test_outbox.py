"""What every sink promises; one suite over every implementation."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.outbox.outbox import Outbox
from skerry_edge.agent.outbox.sink import Outlet, Sink
from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.messages import Event, Heartbeat
from skerry_edge.contracts.snapshots import JPEG_START, MAX_SNAPSHOT_BYTES

EVENT_TOPIC = "skerry/v1/garden/cam-1/event"
SNAPSHOT_TOPIC = "skerry/v1/garden/cam-1/snapshot/m1"
HEARTBEAT_TOPIC = "skerry/v1/garden/cam-1/heartbeat"
ROOMY = 1 << 20


class Box(Sink, Outlet, Protocol):
    """Both sides of an outbox."""


MakeSink = Callable[[int], Box]


@pytest.fixture(params=["on a disk", "on a disk that takes nothing"])
def make_sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeSink]:
    """A sink with a budget in bytes, as it is and while it can use memory alone."""
    identity = Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=clock_state)
    folder = tmp_path
    if request.param != "on a disk":
        folder = tmp_path / "no-folder"
        folder.write_text("so that no file can be made in it")
    opened: list[Outbox] = []

    def make(max_bytes: int) -> Box:
        opened.append(Outbox(folder, max_bytes=max_bytes, identity=identity))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


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


def waiting(sink: Box) -> list[int]:
    return [letter.message.seq for letter in sink.pending((), 1000)]


def test_what_was_put_waits_in_order_and_unchanged(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    for seq in (1, 2, 3):
        sink.put((EVENT_TOPIC, event(seq)))
    letters = sink.pending((), 10)
    assert [letter.message for letter in letters] == [event(1), event(2), event(3)]
    assert {letter.topic for letter in letters} == {EVENT_TOPIC}
    keys = [letter.key for letter in letters]
    assert keys == sorted(set(keys))
    assert keys[0] > 0


def test_a_letter_waits_until_it_is_acknowledged(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    for seq in (1, 2, 3):
        sink.put((EVENT_TOPIC, event(seq)))
    first, second, _ = sink.pending((), 10)
    sink.acknowledge(second.key)
    assert waiting(sink) == [1, 3]
    assert waiting(sink) == [1, 3]
    assert (sink.is_gone(second.key), sink.is_gone(first.key)) == (True, False)
    sink.acknowledge(first.key)
    assert waiting(sink) == [3]
    assert sink.stats().depth == 1


def test_asking_again_gives_the_same_letters(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    sink.put((EVENT_TOPIC, event(1)))
    assert sink.pending((), 10) == sink.pending((), 10)


def test_letters_that_were_sent_are_left_out_and_at_most_as_many_given_as_asked(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    for seq in range(1, 6):
        sink.put((EVENT_TOPIC, event(seq)))
    first_two = sink.pending((), 2)
    assert [letter.message.seq for letter in first_two] == [1, 2]
    sent = {one.key for one in first_two}
    assert [letter.message.seq for letter in sink.pending(sent, 10)] == [3, 4, 5]
    assert [letter.message.seq for letter in sink.pending(sent, 1)] == [3]
    assert sink.pending((), 0) == []


def test_letters_up_to_a_key_can_be_passed_by(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    for seq in range(1, 6):
        sink.put((EVENT_TOPIC, event(seq)))
    letters = sink.pending((), 10)
    assert [one.message.seq for one in sink.pending({letters[3].key}, 10, letters[1].key)] == [3, 5]
    sink.acknowledge(letters[2].key)
    assert [one.message.seq for one in sink.pending((), 10, letters[1].key)] == [4, 5]
    assert waiting(sink) == [1, 2, 4, 5], "they are only passed by"


def test_what_is_given_up_waits_no_more_and_is_counted(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    for seq in (1, 2):
        sink.put((EVENT_TOPIC, event(seq)))
    sink.discard(sink.pending((), 1)[0].key)
    assert waiting(sink) == [2]
    assert sink.stats().dropped == 1


def test_acknowledging_what_does_not_wait_is_no_error(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    sink.put((EVENT_TOPIC, event(1)))
    (letter,) = sink.pending((), 1)
    sink.acknowledge(letter.key)
    sink.acknowledge(letter.key)
    sink.acknowledge(10**9)
    assert sink.stats().depth == 0


def test_a_heartbeat_replaces_the_one_that_waits(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    sink.put((HEARTBEAT_TOPIC, heartbeat(1)))
    sink.put((EVENT_TOPIC, event(2)))
    sink.put((HEARTBEAT_TOPIC, heartbeat(3)))
    assert waiting(sink) == [3, 2], "and goes before all else"
    assert sink.stats().dropped == 0


def test_a_heartbeat_waits_however_little_room_is_asked_for(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    sink.put((EVENT_TOPIC, event(1)))
    sink.put((HEARTBEAT_TOPIC, heartbeat(2)))
    (letter,) = sink.pending((), 0)
    assert letter.message == heartbeat(2)
    assert sink.pending({letter.key}, 0) == []
    sink.acknowledge(letter.key)
    assert waiting(sink) == [1]


def test_beyond_the_budget_the_oldest_events_are_dropped_and_counted(make_sink: MakeSink) -> None:
    size = len(encode(event(1)))
    sink = make_sink(3 * size + size // 2)
    for seq in range(1, 6):
        sink.put((EVENT_TOPIC, event(seq)))
    assert waiting(sink) == [3, 4, 5]
    assert sink.stats().dropped == 2


def test_a_heartbeat_takes_none_of_the_budget(make_sink: MakeSink) -> None:
    sink = make_sink(len(encode(event(1))) + 10)
    sink.put((EVENT_TOPIC, event(1)))
    sink.put((HEARTBEAT_TOPIC, heartbeat(2)))
    assert waiting(sink) == [2, 1]
    assert sink.stats().dropped == 0


def test_acknowledged_letters_give_their_room_back(make_sink: MakeSink) -> None:
    sink = make_sink(len(encode(event(1))) + 10)
    for seq in range(1, 10):
        sink.put((EVENT_TOPIC, event(seq)))
        (letter,) = sink.pending((), 10)
        sink.acknowledge(letter.key)
    assert sink.stats().dropped == 0


def test_the_newest_key_is_that_of_the_last_letter_accepted(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    for seq in (1, 2):
        before = sink.stats().newest
        sink.put((EVENT_TOPIC, event(seq)))
        assert sink.stats().newest == sink.pending((), 10)[-1].key > before
    sink.acknowledge(sink.stats().newest)
    assert sink.stats().newest > sink.pending((), 10)[-1].key


def test_what_is_put_together_is_accepted_in_order(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    sink.put(
        (EVENT_TOPIC, event(1)), (SNAPSHOT_TOPIC, jpeg("a")), (HEARTBEAT_TOPIC, heartbeat(2)), (EVENT_TOPIC, event(3))
    )
    assert contents(sink) == [2, 1, jpeg("a"), 3]
    sink.put()
    assert sink.stats().depth == 4


def test_of_what_is_put_together_nothing_is_accepted_where_one_is_refused(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    with pytest.raises(WireError):
        sink.put((EVENT_TOPIC, event(1)), (SNAPSHOT_TOPIC, b"no picture"))
    assert sink.stats().depth == 0


def test_the_figures_tell_how_much_waits_and_since_when(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    assert (sink.stats().held_bytes, sink.stats().oldest_ts_ms) == (0, None)
    for seq in (1, 2):
        sink.put((EVENT_TOPIC, event(seq)))
    assert sink.stats().held_bytes == len(encode(event(1))) + len(encode(event(2)))
    assert sink.stats().oldest_ts_ms == event(1).ts
    sink.acknowledge(sink.pending((), 1)[0].key)
    assert sink.stats().held_bytes == len(encode(event(2)))
    assert sink.stats().oldest_ts_ms == event(2).ts


def test_a_message_beyond_the_contracts_size_is_refused_and_costs_nothing(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    sink.put((EVENT_TOPIC, event(1)))
    with pytest.raises(WireError):
        sink.put((EVENT_TOPIC, event(2, message="x" * 70_000)))
    assert waiting(sink) == [1]
    assert sink.stats().dropped == 0


def test_threads_that_put_and_acknowledge_at_once_lose_nothing(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    delivered: list[int] = []
    done = threading.Event()

    def deliver() -> None:
        while not (done.is_set() and sink.stats().depth == 0):
            for letter in sink.pending((), 20):
                delivered.append(letter.message.seq)
                sink.acknowledge(letter.key)

    courier = threading.Thread(target=deliver)
    courier.start()
    for seq in range(1, 1001):
        sink.put((EVENT_TOPIC, event(seq)))
    done.set()
    courier.join(60.0)
    assert delivered == list(range(1, 1001))
    assert sink.stats().dropped == 0


def jpeg(name: str) -> bytes:
    """A snapshot of 1000 bytes."""
    return JPEG_START + name.encode().ljust(997, b"\0")


def contents(sink: Sink) -> list[object]:
    """The snapshots that wait, and the numbers of the messages."""
    return [one.message if isinstance(one.message, bytes) else one.message.seq for one in sink.pending((), 1000)]


def test_a_snapshot_waits_in_its_turn_and_unchanged(make_sink: MakeSink) -> None:
    sink = make_sink(ROOMY)
    sink.put((EVENT_TOPIC, event(1)))
    sink.put((SNAPSHOT_TOPIC, jpeg("a")))
    sink.put((EVENT_TOPIC, event(2)))
    assert contents(sink) == [1, jpeg("a"), 2]
    assert sink.pending((), 10)[1].topic == SNAPSHOT_TOPIC


def test_a_new_snapshot_displaces_the_oldest_and_no_event(make_sink: MakeSink) -> None:
    sink = make_sink(2 * 1000 + 2 * len(encode(event(1))))
    sink.put((EVENT_TOPIC, event(1)))
    sink.put((EVENT_TOPIC, event(2)))
    for name in "abc":
        sink.put((SNAPSHOT_TOPIC, jpeg(name)))
    assert contents(sink) == [1, 2, jpeg("b"), jpeg("c")]
    assert sink.stats().dropped == 1


def test_a_snapshot_for_which_events_leave_no_room_is_dropped(make_sink: MakeSink) -> None:
    sink = make_sink(999)
    sink.put((EVENT_TOPIC, event(1)))
    sink.put((SNAPSHOT_TOPIC, jpeg("a")))
    assert contents(sink) == [1]
    assert sink.stats().dropped == 1


def test_a_snapshot_that_finds_no_room_costs_the_others_nothing(make_sink: MakeSink) -> None:
    sink = make_sink(1500 + len(encode(event(1))))
    sink.put((EVENT_TOPIC, event(1)))
    sink.put((SNAPSHOT_TOPIC, jpeg("a")))
    sink.put((SNAPSHOT_TOPIC, JPEG_START.ljust(2000, b"\0")))
    assert contents(sink) == [1, jpeg("a")]
    assert sink.stats().dropped == 1


def test_events_are_kept_at_a_snapshots_cost(make_sink: MakeSink) -> None:
    size = len(encode(event(1)))
    sink = make_sink(1000 + size)
    sink.put((EVENT_TOPIC, event(1)))
    sink.put((SNAPSHOT_TOPIC, jpeg("a")))
    sink.put((EVENT_TOPIC, event(2)))
    assert contents(sink) == [1, 2]
    assert sink.stats().dropped == 1


@pytest.mark.parametrize("payload", [b"no picture", JPEG_START.ljust(MAX_SNAPSHOT_BYTES + 1, b"\0")])
def test_what_is_no_snapshot_is_refused_and_costs_nothing(make_sink: MakeSink, payload: bytes) -> None:
    sink = make_sink(ROOMY)
    with pytest.raises(WireError):
        sink.put((SNAPSHOT_TOPIC, payload))
    assert sink.stats().depth == sink.stats().dropped == 0

"""What makes room for what."""

from __future__ import annotations

from skerry_edge.agent.outbox.buffer import Buffer
from skerry_edge.agent.outbox.policy import Rank, Stored, admit


def letter(key: int, size: int, rank: Rank = "record") -> Stored:
    return Stored(key=key, topic="skerry/v1/garden/cam-1/event", ts_ms=0, rank=rank, payload=b"x" * size)


def shelf(*letters: Stored) -> Buffer:
    made = Buffer()
    for one in letters:
        made.add(one)
    return made


def keys(held: Buffer) -> list[int]:
    return [one.key for one in held]


def test_within_the_budget_nothing_is_dropped() -> None:
    held = shelf(letter(1, 10))
    assert admit(held, letter(2, 10), 20) == 0
    assert (keys(held), held.held_bytes) == ([1, 2], 20)


def test_as_many_of_the_oldest_go_as_it_takes_and_no_more() -> None:
    held = shelf(letter(1, 10), letter(2, 10), letter(3, 10))
    assert admit(held, letter(4, 11), 30) == 2
    assert (keys(held), held.held_bytes) == ([3, 4], 21)


def test_snapshots_go_before_older_records_and_count_once() -> None:
    held = shelf(letter(1, 10), letter(2, 10, "snapshot"), letter(3, 10, "snapshot"))
    assert admit(held, letter(4, 15), 30) == 2
    assert keys(held) == [1, 4]
    assert admit(held, letter(5, 30), 30) == 2
    assert keys(held) == [5]


def test_a_snapshot_displaces_no_record() -> None:
    held = shelf(letter(1, 10), letter(2, 10, "snapshot"))
    assert admit(held, letter(3, 10, "snapshot"), 20) == 1
    assert keys(held) == [1, 3]
    assert admit(held, letter(4, 15, "snapshot"), 20) == 1
    assert keys(held) == [1, 3]


def test_what_is_larger_than_the_whole_budget_is_dropped_itself() -> None:
    held = shelf(letter(1, 10))
    assert admit(held, letter(2, 21), 20) == 1
    assert keys(held) == [1]

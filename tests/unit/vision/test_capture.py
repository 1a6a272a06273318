"""The capture policies."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from skerry_edge.foundation.errors import DataError
from skerry_edge.vision.capture import (
    DROPPED_BUSY,
    DROPPED_RATE,
    EndOfSourceError,
    FileCapture,
    LiveCapture,
    Mailbox,
    Slots,
)


def take_all(capture: FileCapture[int] | LiveCapture[int]) -> list[int]:
    taken = []
    while True:
        try:
            captured = capture.take(10.0)
        except EndOfSourceError:
            return taken
        assert captured is not None
        taken.append(captured.item)


def test_a_file_is_read_whole_and_nothing_is_dropped() -> None:
    capture = FileCapture(iter(range(100)), max_fps=None)
    assert take_all(capture) == list(range(100))
    assert capture.drops() == {}


def test_a_files_pace_is_kept_without_dropping() -> None:
    capture = FileCapture(iter(range(5)), max_fps=200.0)
    assert take_all(capture) == list(range(5))


def test_between_two_slots_there_is_nothing_to_take() -> None:
    capture = FileCapture(iter(range(5)), max_fps=0.001)
    first = capture.take(0.0)
    assert first is not None
    assert first.item == 0
    assert capture.take(0.01) is None


def test_what_the_source_raises_comes_through() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise DataError("the file is damaged")

    for capture in (FileCapture(broken(), max_fps=None), LiveCapture(broken(), due_s=None, max_fps=None)):
        with pytest.raises(DataError, match="damaged"):
            take_all(capture)


def test_a_live_source_keeps_the_newest_and_counts_the_rest() -> None:
    all_read = threading.Event()

    def source() -> Iterator[int]:
        yield from range(10)
        all_read.set()

    capture = LiveCapture(source(), due_s=None, max_fps=None)
    assert all_read.wait(10.0)
    taken = take_all(capture)
    assert taken[-1] == 9
    assert sum(capture.drops().values()) == 10 - len(taken)
    assert capture.drops() == {}


def test_a_live_file_plays_at_its_own_pace() -> None:
    capture = LiveCapture((one for one in [0.0, 3600.0]), due_s=float, max_fps=None)
    first = capture.take(10.0)
    assert first is not None
    assert first.item == 0.0
    assert capture.take(0.05) is None
    capture.close()


def test_closing_a_live_source_ends_its_reading() -> None:
    capture = LiveCapture((one for one in [0.0, 3600.0]), due_s=float, max_fps=None)
    capture.close()
    assert not capture.is_reading


def test_closing_a_live_source_that_waits_ends_the_wait_and_returns_when_the_source_was_let_go_of() -> None:
    told, waits, let_go = threading.Event(), threading.Event(), []

    def source() -> Iterator[int]:
        try:
            waits.set()
            told.wait(60.0)
            yield 1
        finally:
            threading.Event().wait(0.4)  # a camera's program takes its time
            let_go.append(True)

    capture = LiveCapture(source(), max_fps=None, interrupt=told.set)
    assert waits.wait(10.0)
    capture.close()
    assert let_go == [True]
    assert not capture.is_reading


def test_the_mailbox_counts_by_what_the_taker_is_doing() -> None:
    mailbox: Mailbox[int] = Mailbox()
    mailbox.put(1)
    mailbox.put(2)
    mailbox.cause = DROPPED_RATE
    mailbox.put(3)
    assert mailbox.take(0.0) == 3
    assert mailbox.take_drops() == {DROPPED_BUSY: 1, DROPPED_RATE: 1}
    assert mailbox.take(0.0) is None


def test_what_lies_in_the_mailbox_is_taken_before_its_end() -> None:
    mailbox: Mailbox[int] = Mailbox()
    mailbox.put(1)
    mailbox.end(EndOfSourceError())
    assert mailbox.take(0.0) == 1
    with pytest.raises(EndOfSourceError):
        mailbox.take(0.0)


def test_slots_do_not_pile_up_while_nobody_comes() -> None:
    slots = Slots(0.001)
    pauses: list[float] = []
    assert slots.wait(1.0, pause=pauses.append)
    assert not slots.wait(1.0, pause=pauses.append)
    assert pauses == [1.0]

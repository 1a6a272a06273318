"""Sessions and stamps."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from skerry_edge.agent.life.identity import COUNTER, RETRY_S, Identity, KeptStart, begin_session
from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.contracts.codec import decode, encode
from skerry_edge.contracts.messages import SESSION_PATTERN, Status, session_order
from skerry_edge.foundation.errors import ReachError


def identity(clock: str = "synced") -> Identity:
    return Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=lambda: clock)  # type: ignore[arg-type,return-value]


def test_a_session_has_the_contracts_form(tmp_path: Path) -> None:
    assert re.match(SESSION_PATTERN, begin_session(StateFiles(tmp_path)))


def test_each_start_counts_one_further(tmp_path: Path) -> None:
    orders = [session_order(begin_session(StateFiles(tmp_path))) for _ in range(3)]
    assert orders == [orders[0], orders[0] + 1, orders[0] + 2]


def test_two_sessions_of_the_same_count_still_differ(tmp_path: Path) -> None:
    (tmp_path / COUNTER).write_text("41\n")
    first = begin_session(StateFiles(tmp_path))
    (tmp_path / COUNTER).write_text("41\n")
    second = begin_session(StateFiles(tmp_path))
    assert session_order(first) == session_order(second) == 42
    assert first != second


def test_a_wiped_board_does_not_look_older_than_it_was(tmp_path: Path) -> None:
    before = [session_order(begin_session(StateFiles(tmp_path))) for _ in range(2)]
    (tmp_path / COUNTER).unlink()
    assert session_order(begin_session(StateFiles(tmp_path))) >= before[0]
    assert before[0] >= time.time() - 3600


@pytest.mark.parametrize("damage", [b"", b"\x00\x00\x00", b"many", b"-5", b"9" * 30, b"\xff\xfe"])
def test_a_damaged_count_begins_anew_at_the_time_of_day(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / COUNTER).write_bytes(damage)
    session = begin_session(StateFiles(tmp_path))
    assert re.match(SESSION_PATTERN, session)
    assert session_order(session) >= time.time() - 3600
    assert "cannot be used" in caplog.text


def test_a_start_that_cannot_be_counted_is_ordered_by_the_time(tmp_path: Path) -> None:
    before = int(time.time())
    session = begin_session(StateFiles(tmp_path / "nowhere"))
    assert before <= session_order(session) <= int(time.time())


@pytest.fixture
def crowded(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A machine with no descriptor to spare, until this is undone."""

    def fails(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", fails)
        yield patch


def test_a_count_that_cannot_be_read_now_is_not_overwritten_and_rises_all_the_same(
    tmp_path: Path, crowded: pytest.MonkeyPatch
) -> None:
    (tmp_path / COUNTER).write_text("41\n")
    files = StateFiles(tmp_path)
    first = begin_session(files, lambda: "synced")
    assert session_order(first) >= time.time() - 3600
    kept = KeptStart(files, first)
    assert kept.act(0.0) == RETRY_S
    assert (tmp_path / COUNTER).read_text() == "41\n"
    crowded.undo()
    assert kept.act(RETRY_S) == NEVER_S
    assert session_order(begin_session(StateFiles(tmp_path))) == session_order(first) + 1


def test_by_a_clock_that_may_be_wrong_there_is_no_session_before_the_count_is_read(
    tmp_path: Path, crowded: pytest.MonkeyPatch
) -> None:
    (tmp_path / COUNTER).write_text("41\n")
    with pytest.raises(ReachError, match="cannot be read at this moment"):
        begin_session(StateFiles(tmp_path), lambda: "unsynced")
    crowded.undo()
    assert session_order(begin_session(StateFiles(tmp_path), lambda: "unsynced")) == 42


def test_a_start_that_the_disk_did_not_take_is_counted_when_it_does(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    files = StateFiles(folder)
    session = begin_session(files)
    kept = KeptStart(files, session)
    assert kept.act(0.0) == RETRY_S
    folder.mkdir()
    (folder / COUNTER).write_text("41\n")
    assert kept.act(RETRY_S) == NEVER_S
    assert session_order(begin_session(StateFiles(folder))) == session_order(session) + 1


def test_stamps_count_from_one_without_a_gap_from_any_thread() -> None:
    sender = identity()
    with ThreadPoolExecutor(8) as pool:
        stamps = list(pool.map(lambda _: sender.stamp(), range(200)))
    assert sorted(stamp["seq"] for stamp in stamps) == list(range(1, 201))
    assert len({stamp["id"] for stamp in stamps}) == 200


def test_a_will_has_no_place_in_the_count() -> None:
    sender = identity()
    sender.stamp()
    assert sender.will_stamp()["seq"] == 0
    assert sender.stamp()["seq"] == 2


def test_a_stamp_completes_a_message_of_the_contract() -> None:
    status = Status(**identity("unsynced").stamp(ts_ms=123), state="online")
    assert decode("status", encode(status)) == status
    assert (status.ts, status.clock) == (123, "unsynced")
    assert msgspec.json.decode(encode(status))["session"] == "00000001-0000abcd"


def test_topics_are_the_devices_own() -> None:
    assert identity().topic("event") == "skerry/v1/garden/cam-1/event"

"""An outbox's file that is damaged: nothing crashes, the fleet is told, and what can be read is delivered."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from skerry_edge.agent.outbox.damage import MAX_SET_ASIDE, set_aside_count, set_aside_files


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def truncate(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size)


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        for statement in statements:
            other.execute(statement)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "garbage": lambda path: path.write_bytes(b"\xa5" * 50_000),
    "a text": lambda path: path.write_text("this is no database"),
    "a header without its pages": lambda path: truncate(path, 4096),
    "cut in half": lambda path: truncate(path, path.stat().st_size // 2),
    "a broken header": lambda path: overwrite(path, 0, b"\0" * 64),
    "a broken page": lambda path: overwrite(path, 3 * 4096, b"\xa5" * 4096),
    "a later layout": lambda path: execute(path, "PRAGMA user_version = 99"),
    "another layout": lambda path: execute(path, "ALTER TABLE letters ADD COLUMN colour TEXT"),
    "a missing table": lambda path: execute(path, "DROP TABLE totals"),
    "a missing row": lambda path: execute(path, "DELETE FROM totals"),
    "a count that is a text": lambda path: execute(path, "UPDATE totals SET dropped = 'many'"),
    "a count below zero": lambda path: execute(path, "UPDATE totals SET dropped = -1"),
    "a count beyond all counts": lambda path: execute(path, "UPDATE totals SET dropped = 1 << 60"),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "another program's database": lambda path: (path.unlink(), execute(path, "CREATE TABLE other (value)")),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_is_set_aside_and_reported_and_a_new_one_begun(device, damage) -> None:
    first = device.open()
    device.put(first, *map(str, range(100)))
    first.close()
    damage(device.file)
    second = device.open()
    (aside,) = set_aside_files(device.file)
    (notice,) = device.notices(second)
    assert (notice.pipeline, notice.label) == ("agent", "outbox-damaged")
    assert aside.name in (notice.message or "")
    device.put(second, "new")
    labels = device.labels(second)
    assert labels[-1] == "new"
    assert f"{len(labels) - 1} messages were taken over" in (notice.message or "")
    second.close()
    third = device.open()
    assert device.labels(third) == labels
    assert len(device.notices(third)) == 1
    assert set_aside_count(device.file) == 1


def test_what_lies_before_and_behind_a_broken_page_is_taken_over(device) -> None:
    first = device.open()
    sent = [f"event {number:03d} {'x' * 80}" for number in range(100)]
    device.put(first, *sent)
    first.close()
    pages = device.file.stat().st_size // 4096
    overwrite(device.file, pages // 2 * 4096, b"\xa5" * 4096)
    taken = device.labels(device.open())
    assert taken == sorted(set(taken))
    assert set(taken) < set(sent)
    assert len(taken) > 50
    assert {taken[0], taken[-1]} == {sent[0], sent[-1]}


def test_a_file_of_another_layout_gives_all_its_messages_and_its_count(device) -> None:
    first = device.open(max_bytes=1000)
    device.put(first, *map(str, range(20)))
    left, dropped = device.labels(first), first.stats().dropped
    assert dropped
    first.close()
    execute(device.file, "PRAGMA user_version = 99")
    second = device.open()
    assert device.labels(second) == left
    assert second.stats().dropped == dropped


@pytest.mark.parametrize("damage", [b"\0" * 32, b"\xa5" * 4096, b"?"])
def test_a_log_that_cannot_be_read_is_reported_and_not_taken_for_none(device, damage: bytes) -> None:
    first = device.open()
    device.put(first, "in the log")
    kept = device.log.read_bytes()
    first.close()
    device.log.write_bytes(damage + kept[len(damage) :])
    assert [one.label for one in device.notices(device.open())] == ["outbox-damaged"]


def test_a_log_beside_an_empty_file_is_reported(device) -> None:
    first = device.open()
    device.put(first, "in the log")
    log = device.log.read_bytes()
    first.close()
    truncate(device.file, 0)
    device.log.write_bytes(log)
    assert [one.label for one in device.notices(device.open())] == ["outbox-damaged"]


def test_a_folder_in_the_place_of_the_log_is_reported(device) -> None:
    first = device.open()
    device.put(first, "a", "b")
    first.close()
    device.log.mkdir()
    second = device.open()
    assert [one.label for one in device.notices(second)] == ["outbox-damaged"]
    assert device.labels(second) == ["a", "b"]


def test_a_file_that_breaks_while_it_is_used_is_replaced_as_well(device) -> None:
    outbox = device.open()
    device.put(outbox, *[f"{number} {'x' * 90}" for number in range(200)])
    execute(device.file, "PRAGMA wal_checkpoint(TRUNCATE)")
    overwrite(device.file, 4096, b"\xa5" * (device.file.stat().st_size - 4096))
    device.labels(outbox)
    device.put(outbox, "new")
    assert "outbox-damaged" in [one.label for one in device.notices(outbox)]
    device.put(outbox, "newest")
    assert device.labels(outbox)[-1] == "newest"


def test_the_count_of_what_was_dropped_outlives_a_file_that_breaks_in_use(device) -> None:
    outbox = device.open(max_bytes=1000)
    device.put(outbox, *map(str, range(20)))
    dropped = outbox.stats().dropped
    assert dropped
    execute(device.file, "PRAGMA wal_checkpoint(TRUNCATE)")
    overwrite(device.file, 0, b"\xa5" * device.file.stat().st_size)
    device.labels(outbox)
    device.put(outbox, "new")
    assert outbox.stats().dropped >= dropped
    outbox.close()
    assert device.open().stats().dropped >= dropped


def test_no_more_than_a_few_damaged_files_are_kept_and_all_are_counted(device) -> None:
    for _ in range(MAX_SET_ASIDE + 3):
        device.file.write_bytes(b"\xa5" * 5000)
        device.open().close()
    kept = set_aside_files(device.file)
    assert len(kept) == MAX_SET_ASIDE
    assert set_aside_count(device.file) == MAX_SET_ASIDE + 3
    assert len(list(device.folder.glob("*damaged*"))) == MAX_SET_ASIDE


UNREADABLE = {
    "bytes that are no JSON": "payload = x'00ff'",
    "an empty payload": "payload = x''",
    "a text in place of bytes": "payload = 'text'",
    "a number in place of bytes": "payload = 7",
    "a topic that is none": "topic = 'elsewhere'",
    "a topic that is no text": "topic = CAST(x'ff' AS TEXT)",
    "a topic of another kind": "topic = 'skerry/v1/garden/cam-1/heartbeat'",
    "a topic that nothing is sent to": "topic = 'skerry/v1/garden/cam-1/desired'",
    "a snapshot that is no picture": "snapshot = 1",
}


@pytest.mark.parametrize("change", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_message_that_nobody_can_read_is_dropped_and_counted_and_holds_up_no_other(device, change: str) -> None:
    first = device.open()
    device.put(first, *"abc")
    first.close()
    execute(device.file, f"UPDATE letters SET {change} WHERE key = (SELECT min(key) FROM letters)")
    second = device.open()
    assert device.labels(second) == ["b", "c"]
    assert (second.stats().dropped, second.stats().depth) == (1, 2)
    second.close()
    third = device.open()
    assert (third.stats().dropped, third.stats().depth) == (1, 2)
    assert device.notices(third) == []


@pytest.mark.parametrize("time", ["'noon'", "-1", "1 << 60", "0.5"])
def test_a_time_that_is_none_costs_no_message(device, time: str) -> None:
    first = device.open()
    device.put(first, *"ab")
    first.close()
    execute(device.file, f"UPDATE letters SET ts_ms = {time}")
    second = device.open()
    assert device.labels(second) == ["a", "b"]
    assert second.stats().oldest_ts_ms == 0


def test_a_link_in_the_place_of_the_file_is_followed(device, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("card") / "elsewhere.sqlite3"
    device.file.symlink_to(elsewhere)
    device.put(device.open(), "a")
    assert elsewhere.exists()
    assert set_aside_files(device.file) == []

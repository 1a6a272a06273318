"""A file that is removed, replaced or written over while the outbox uses it, of which SQLite says nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.agent.outbox import keeper
from skerry_edge.agent.outbox.damage import set_aside_files
from skerry_edge.agent.outbox.database import DamagedError, LetterDatabase
from skerry_edge.agent.outbox.policy import Stored


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch, impatient: None) -> None:  # used for what it does
    """Look at every chance."""
    monkeypatch.setattr(keeper, "CHECK_S", 0.0)


def replaced(file: Path) -> None:
    file.unlink()
    file.write_bytes(b"something else")


@pytest.mark.parametrize(
    "lose",
    [
        lambda file: shutil.rmtree(file.parent),
        lambda file: file.unlink(),
        lambda file: file.rename(file.with_name("away")),
        lambda file: os.truncate(file, 0),
        lambda file: file.write_bytes(os.urandom(20_000)),
        replaced,
        lambda file: file.with_name(f"{file.name}-wal").unlink(),
    ],
    ids=["folder removed", "removed", "renamed", "emptied", "written over", "replaced", "log removed"],
)
def test_what_was_accepted_is_kept_and_the_loss_is_told(device, lose: Callable[[Path], object]) -> None:
    outbox = device.open()
    device.put(outbox, "a", "b")
    lose(device.file)
    device.put(outbox, "c")
    assert device.labels(outbox) == ["a", "b", "c"]
    (notice,) = device.notices(outbox)
    assert notice.label == "outbox-lost"
    device.close()
    again = device.open()
    assert device.labels(again) == ["a", "b", "c"]
    assert [one.label for one in device.notices(again)] == ["outbox-lost"]


def test_a_loss_is_noticed_while_nothing_comes(device) -> None:
    outbox = device.open()
    device.put(outbox, "a")
    shutil.rmtree(device.folder)
    outbox.stats()
    assert device.file.exists()


def test_while_the_file_cannot_be_made_anew_all_is_kept_in_memory(device) -> None:
    outbox = device.open()
    device.put(outbox, "a", "b")
    shutil.rmtree(device.folder)
    device.folder.write_text("a file in the place of the directory")
    device.put(outbox, "c")
    assert device.labels(outbox) == ["a", "b", "c"]
    device.folder.unlink()
    device.put(outbox, "d")
    assert device.labels(outbox) == ["a", "b", "c", "d"]
    assert [one.label for one in device.notices(outbox)] == ["outbox-lost", "outbox-disk"]
    device.close()
    assert device.labels(device.open()) == ["a", "b", "c", "d"]


def test_what_was_acknowledged_before_a_loss_does_not_come_again(device) -> None:
    outbox = device.open()
    device.put(outbox, "a", "b")
    outbox.acknowledge(outbox.pending((), 1)[0].key)
    device.file.unlink()
    device.put(outbox, "c")
    assert device.labels(outbox) == ["b", "c"]


def test_a_copy_that_a_power_cut_left_behind_is_taken_over(device) -> None:
    outbox = device.open()
    device.put(outbox, "a")
    device.close()
    device.file.rename(device.file.with_name("outbox-copy.sqlite3"))
    again = device.open()
    assert device.labels(again) == ["a"]
    assert not device.file.with_name("outbox-copy.sqlite3").exists()


def test_a_copy_that_cannot_be_read_whole_is_set_aside_and_told(device) -> None:
    outbox = device.open()
    sent = [f"event {number:03d} {'x' * 80}" for number in range(500)]
    device.put(outbox, *sent)
    device.close()
    copy = device.file.with_name("outbox-copy.sqlite3")
    device.file.rename(copy)
    pages = copy.stat().st_size // 4096
    with copy.open("r+b") as file:
        for page in (pages // 3, pages // 3 * 2):
            file.seek(page * 4096)
            file.write(b"\xa5" * 4096)
    again = device.open()
    labels = device.labels(again)
    assert {labels[0], labels[-1]} == {sent[0], sent[-1]}
    assert len(labels) < len(sent)
    (notice,) = device.notices(again)
    (aside,) = set_aside_files(device.file)
    assert notice.label == "outbox-damaged"
    assert f"{aside.name}, number 1 on this device" in notice.message
    assert f"{len(labels)} messages were taken over" in notice.message
    assert not copy.exists()


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Keys of letters that no database gives any more."""
    keys: set[int] = set()
    read = LetterDatabase.letter

    def letter(self: LetterDatabase, key: int) -> Stored:
        if key in keys:
            raise DamagedError("the outbox's file is damaged", where="here", found="a page that is none")
        return read(self, key)

    monkeypatch.setattr(LetterDatabase, "letter", letter)
    return keys


def test_what_a_lost_file_holds_behind_a_letter_that_cannot_be_read_is_kept_and_the_gap_is_told(
    device, unreadable: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "LOST_PATIENCE_S", 0.0)
    outbox = device.open()
    device.put(outbox, "a", "b", "c", "d")
    unreadable.add(outbox.pending((), 4)[1].key)
    device.file.unlink()
    device.put(outbox, "e")
    assert device.labels(outbox) == ["a", "c", "d", "e"]
    told = device.notices(outbox)
    assert "1 could not be read any more" in next(one.message for one in told if one.label == "outbox-lost")


def test_a_lost_file_that_can_be_read_again_after_a_while_loses_nothing(device, unreadable: set[int]) -> None:
    outbox = device.open()
    device.put(outbox, "a", "b", "c")
    unreadable.add(outbox.pending((), 3)[1].key)
    device.file.unlink()
    device.put(outbox, "d")
    unreadable.clear()
    device.put(outbox, "e")
    assert device.labels(outbox) == ["a", "b", "c", "d", "e"]


def test_a_pipe_in_the_place_of_the_log_is_not_waited_for(device) -> None:
    outbox = device.open()
    device.put(outbox, "a")
    device.close()
    os.mkfifo(device.log)
    again = device.open()
    assert [one.label for one in device.notices(again)] == ["outbox-damaged"]

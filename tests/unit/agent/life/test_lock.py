"""One agent per state directory."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.agent.life.lock import LOCK, hold_state_dir, holder_of
from skerry_edge.foundation.errors import ReachError


def test_a_directory_in_use_is_not_the_configuration_s_fault(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path), pytest.raises(ReachError) as caught, hold_state_dir(tmp_path):
        pytest.fail("the directory was held twice")
    assert caught.value.exit_code == 4


def test_the_second_holder_is_told_who_the_first_is(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path), pytest.raises(ReachError, match=f"process {os.getpid()}"), hold_state_dir(tmp_path):
        pytest.fail("the directory was held twice")


def test_the_directory_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with hold_state_dir(tmp_path):
            assert (tmp_path / "agent.lock").read_text() == f"{os.getpid()}\n"


def test_the_directory_is_made_where_it_is_missing(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path / "var" / "skerry"):
        assert (tmp_path / "var" / "skerry").is_dir()


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk on which no file can be made."""
    really = os.open

    def open_existing(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT and not Path(path).exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return really(path, flags, mode)

    monkeypatch.setattr(os, "open", open_existing)


@pytest.mark.usefixtures("full")
def test_on_a_disk_that_takes_no_new_file_the_directory_is_held_all_the_same(tmp_path: Path) -> None:
    assert holder_of(tmp_path) is None
    with hold_state_dir(tmp_path):
        assert not (tmp_path / "agent.lock").exists()
        assert holder_of(tmp_path) == "unknown"
        with pytest.raises(ReachError, match="process unknown"), hold_state_dir(tmp_path):
            pytest.fail("the directory was held twice")
    assert holder_of(tmp_path) is None


def test_who_came_while_there_was_no_room_keeps_out_who_comes_when_there_is(
    tmp_path: Path, full: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hold_state_dir(tmp_path):
        monkeypatch.undo()
        with pytest.raises(ReachError, match="another agent"), hold_state_dir(tmp_path):
            pytest.fail("the directory was held twice")


def test_a_directory_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReachError, match="state directory"), hold_state_dir(tmp_path / "file"):
        pytest.fail("a file was taken for a directory")


@pytest.mark.parametrize("put", [lambda path: path.mkdir(), os.mkfifo, lambda path: path.symlink_to("/nowhere/at/all")])
def test_whatever_has_the_lock_s_place_the_directory_is_held_and_nothing_is_waited_for(
    tmp_path: Path, put: Callable[[Path], object]
) -> None:
    put(tmp_path / LOCK)
    with hold_state_dir(tmp_path):
        assert holder_of(tmp_path) == "unknown"
        with pytest.raises(ReachError, match="another agent"), hold_state_dir(tmp_path):
            pytest.fail("the directory was held twice")
    assert holder_of(tmp_path) is None

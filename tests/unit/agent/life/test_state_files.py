"""The small files of the state directory, and whatever else may lie in their place."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from skerry_edge.agent.life.lock import hold_state_dir, holder_of
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.agent.life.state_watch import StateWatch
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ReachError

NAME = "kept.json"


def read(files: StateFiles) -> str:
    def parse(data: bytes) -> str:
        msgspec.json.decode(data, type=dict[str, int])
        return "good"

    return files.read(NAME, parse, max_bytes=100_000, absent="absent", damaged="damaged")


@pytest.mark.parametrize(
    "put",
    [
        lambda path: path.mkdir(),
        os.mkfifo,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.write_bytes(b'{"a":' * 100 + b"1"),
        lambda path: path.write_bytes(b'{"unknown": ' + b"[" * 90_000),
        lambda path: path.write_bytes(b" " * 100_001),
        lambda path: path.write_bytes(b"\xff"),
        lambda path: path.symlink_to(path.name),
    ],
    ids=["folder", "pipe", "device", "another type", "deep", "large", "no text", "a link to itself"],
)
def test_what_cannot_be_used_is_set_aside_and_told_and_its_successor_has_a_place(
    tmp_path: Path, put: Callable[[Path], object]
) -> None:
    files = StateFiles(tmp_path)
    told: list[tuple[str, str]] = []
    for _ in range(2):  # the second is set aside over the first
        put(tmp_path / NAME)
        assert read(files) == "damaged"
        assert not os.path.lexists(tmp_path / NAME)
        assert os.path.lexists(tmp_path / f"{NAME}.damaged")
    with hold_state_dir(tmp_path) as hold:
        StateWatch(files, hold, lambda label, text: told.append((label, text))).act(0.0)
    assert [label for label, _ in told] == ["state-damaged"] * 2
    assert f"was set aside as {NAME}.damaged" in told[0][1]
    (tmp_path / NAME).write_bytes(b'{"a": 1}')
    assert read(files) == "good"
    assert files.take_notices() == []


def test_no_file_is_no_damage(tmp_path: Path) -> None:
    files = StateFiles(tmp_path)
    assert read(files) == "absent"
    assert files.take_notices() == []


def test_a_file_that_only_this_moment_cannot_be_opened_stays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = StateFiles(tmp_path)
    (tmp_path / NAME).write_bytes(b'{"a": 1}')

    def fails(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", fails)
        assert read(files) == "damaged"
    assert "left where it is" in files.take_notices()[0]
    assert read(files) == "good"


def test_what_cannot_be_set_aside_costs_the_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = StateFiles(tmp_path)
    (tmp_path / NAME).write_bytes(b"{")

    def fails(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "rename", fails)
    assert read(files) == "damaged"
    assert "could not be set aside: Read-only file system" in files.take_notices()[0]


def test_a_directory_that_is_removed_is_made_and_held_anew_with_what_must_outlive_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    told: list[str] = []
    with hold_state_dir(folder) as hold:
        watch = StateWatch(
            StateFiles(folder),
            hold,
            lambda label, text: told.append(f"{label}: {text}"),
            keepers=[lambda: write_atomic(folder / NAME, b"kept")],
        )
        watch.act(0.0)
        assert told == []
        shutil.rmtree(folder)
        assert holder_of(folder) is None
        watch.act(100.0)
        assert [one.partition(":")[0] for one in told] == ["state-lost"]
        assert holder_of(folder) == str(os.getpid())
        assert (folder / NAME).read_bytes() == b"kept"
        watch.act(200.0)
        assert len(told) == 1
    assert holder_of(folder) is None


def test_a_directory_that_cannot_be_made_anew_is_told_of_once_and_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    told: list[str] = []
    with hold_state_dir(folder) as hold:
        watch = StateWatch(StateFiles(folder), hold, lambda label, text: told.append(f"{label}: {text}"))
        shutil.rmtree(folder)
        folder.write_text("in its place")
        watch.act(0.0)
        watch.act(100.0)
        assert len(told) == 1
        assert "cannot be made anew" in told[0]
        folder.unlink()
        watch.act(200.0)
        assert "held anew" in told[1]


def test_a_directory_that_is_moved_away_and_put_back_is_known_again(tmp_path: Path) -> None:
    folder, away = tmp_path / "state", tmp_path / "away"
    told: list[str] = []
    with hold_state_dir(folder) as hold:
        watch = StateWatch(
            StateFiles(folder),
            hold,
            lambda label, text: told.append(f"{label}: {text}"),
            keepers=[lambda: write_atomic(folder / NAME, str(len(told)).encode())],
        )
        for turn in range(3):
            folder.rename(away)
            watch.act(turn * 100.0)
            shutil.rmtree(folder)
            away.rename(folder)
            watch.act(turn * 100.0 + 50.0)
        assert ["held anew" in one for one in told] == [True] * 6
        assert (folder / NAME).read_text() == "5"
        with pytest.raises(ReachError, match="another agent"), hold_state_dir(folder):
            pytest.fail("the directory was held twice")
    assert holder_of(folder) is None


def test_directories_that_were_removed_cost_no_descriptors(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with hold_state_dir(folder) as hold:
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(20):
            shutil.rmtree(folder)
            hold.take()
        assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_could_not_be_written_down_is_written_later_and_keeps_nothing_else_from_it(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    told: list[str] = []
    written: list[str] = []
    failures = [ReachError("the disk is full")]

    def keep() -> None:
        if failures:
            raise failures.pop()
        written.append("first")

    with hold_state_dir(folder) as hold:
        watch = StateWatch(
            StateFiles(folder),
            hold,
            lambda _label, text: told.append(text),
            keepers=[keep, lambda: written.append("second")],
        )
        shutil.rmtree(folder)
        watch.act(0.0)
        watch.act(100.0)
        watch.act(200.0)
    assert written == ["second", "first", "second"]
    assert ["held anew" in one for one in told] == [False, True]

"""Atomic files: after any failure and any crash the file is the old one or the new one, whole."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from skerry_edge.foundation.atomic import sync_directory, write_atomic
from skerry_edge.foundation.errors import ReachError

OLD, NEW = b"old " * 5000, b"new " * 7000


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_a_file_is_made_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    for content in (OLD, NEW, b""):
        write_atomic(path, content)
        assert path.read_bytes() == content
    assert names(tmp_path) == ["state.json"]


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_the_mode_is_the_one_asked_for_whatever_the_umask(tmp_path: Path, mode: int) -> None:
    before = os.umask(0o077)
    try:
        write_atomic(tmp_path / "key", b"x", mode=mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == mode


def test_a_secret_is_never_readable_by_others_not_even_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    write_atomic(tmp_path / "key", b"x", mode=0o600)
    assert modes[0] == 0o600


@pytest.mark.parametrize("step", ["fchmod", "fsync", "replace"])
def test_a_step_that_fails_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "state.json"
    write_atomic(path, OLD)

    def fail(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path if step == "replace" else os, step, fail)
    with pytest.raises(ReachError, match="Input/output error") as caught:
        write_atomic(path, NEW)
    assert caught.value.where == str(path)
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["state.json"]


CRASH = """
import os, sys
from pathlib import Path
from skerry_edge.foundation.atomic import write_atomic

step, skip, path = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
owner = Path if step == "replace" else os
real, calls = getattr(owner, step), 0

def crash(*arguments, **keywords):
    global calls
    calls += 1
    if calls > skip:
        os._exit(9)
    return real(*arguments, **keywords)

setattr(owner, step, crash)
write_atomic(path, b"new " * 7000)
"""


@pytest.mark.parametrize(
    ("step", "skip", "left"),
    [("fchmod", 0, OLD), ("fsync", 0, OLD), ("replace", 0, OLD), ("fsync", 1, NEW)],
    ids=["before the mode is set", "before the data is on disk", "between write and rename", "after the rename"],
)
def test_a_crash_leaves_the_old_or_the_new_file_whole(tmp_path: Path, step: str, skip: int, left: bytes) -> None:
    path = tmp_path / "state.json"
    write_atomic(path, OLD)
    done = subprocess.run([sys.executable, "-c", CRASH, step, str(skip), str(path)], timeout=60, check=False)
    assert done.returncode == 9
    assert path.read_bytes() == left
    write_atomic(path, NEW)
    assert path.read_bytes() == NEW


FULL = """
import resource, signal, sys
from pathlib import Path
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ReachError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
try:
    write_atomic(Path(sys.argv[1]), b"new " * 7000)
except ReachError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def test_a_disk_without_room_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_atomic(path, OLD)
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], timeout=60, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "File too large" in done.stdout) == (4, True), done.stderr
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["state.json"]


@pytest.mark.parametrize("place", ["absent/state.json", "file/state.json", "/proc/skerry-state", "x" * 300])
def test_a_place_where_nothing_can_be_written_is_an_error_naming_it(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    path = tmp_path / place
    with pytest.raises(ReachError) as caught:
        write_atomic(path, NEW)
    assert caught.value.where == str(path)
    assert caught.value.found


def test_a_folder_in_the_way_is_an_error_and_leaves_no_litter(tmp_path: Path) -> None:
    (tmp_path / "state.json" / "inner").mkdir(parents=True)
    with pytest.raises(ReachError):
        write_atomic(tmp_path / "state.json", NEW)
    assert names(tmp_path) == ["state.json"]


def test_writers_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    contents = [bytes([65 + number]) * 20_000 for number in range(4)]

    def write(content: bytes) -> None:
        for _ in range(20):
            write_atomic(path, content)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if path.exists():
            assert path.read_bytes() in contents
    assert names(tmp_path) == ["state.json"]


def test_a_folder_that_is_not_there_cannot_be_synced(tmp_path: Path) -> None:
    sync_directory(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync_directory(tmp_path / "absent")


def test_a_pipe_or_a_folder_is_never_replaced_by_a_file(tmp_path):
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    for path in (pipe, folder):
        with pytest.raises(ReachError, match="only a regular file"):
            write_atomic(path, b"new")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert sorted(tmp_path.iterdir()) == [folder, pipe]

"""A run's temporary files lie in one folder, which goes with the run, or with the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from skerry_converters.conversion.scratch import scratch
from skerry_edge.foundation.errors import ReachError

HOLDS = (
    "import sys, tempfile\n"
    "from skerry_converters.conversion.scratch import scratch\n"
    "with scratch() as folder:\n"
    "    tempfile.mkdtemp()\n"
    "    print(folder, flush=True)\n"
    "    sys.stdin.read()\n"
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, for this process and those that it starts."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def holder(root: Path):
    """Another process that is in the middle of its run, and its folder."""
    with subprocess.Popen([sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process, Path(process.stdout.readline().decode().strip())
        process.kill()


def test_temporary_files_of_the_process_and_its_children_lie_within_and_go_with_the_body(root: Path) -> None:
    with scratch() as folder:
        own = Path(tempfile.mkdtemp())
        child = subprocess.run(
            [sys.executable, "-c", "import tempfile; print(tempfile.mkdtemp())"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert own.parent == Path(child.stdout.strip()).parent == folder
        assert folder.parent == root
    assert list(root.iterdir()) == []
    assert tempfile.gettempdir() == os.environ["TMPDIR"] == str(root)


def test_an_error_leaves_nothing(root: Path) -> None:
    with pytest.raises(RuntimeError, match="in the middle"), scratch():
        raise RuntimeError("in the middle")
    assert list(root.iterdir()) == []


def test_a_run_leaves_the_folder_of_another_one_alone(root: Path, holder) -> None:
    _, held = holder
    with scratch():
        pass
    assert list(root.iterdir()) == [held]
    assert len(list(held.iterdir())) == 1


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_that_ends_the_run_leaves_nothing(root: Path, holder, ending: signal.Signals, code: int) -> None:
    process, _ = holder
    process.send_signal(ending)
    assert process.wait() == code
    assert list(root.iterdir()) == []


def test_what_a_killed_run_left_goes_with_the_next_one(root: Path, holder) -> None:
    process, held = holder
    process.kill()
    process.wait()
    assert held.is_dir()
    with scratch():
        assert not held.exists()


def test_files_of_other_programs_stay(root: Path) -> None:
    others = [root / "skerry-convert", root / "somebody"]
    for one in others:
        one.mkdir()
    elsewhere = root / "somebody/kept"
    elsewhere.write_text("")
    (root / "skerry-convert-link").symlink_to(others[1], target_is_directory=True)
    with scratch():
        pass
    assert elsewhere.exists()
    assert all(one.is_dir() for one in others)


def test_a_folder_that_is_not_there_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(root / "gone"))
    with pytest.raises(ReachError, match="folder for temporary files") as caught, scratch():
        pass
    assert caught.value.where == str(root / "gone")


def test_signals_are_as_before_afterwards(root: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with scratch():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before

"""A real disk that is full or read-only under a running agent: it goes on, and tells what it cost."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

GHOST = {"kind": "synthetic", "name": "ghost", "events_per_s": 50.0}


class Disk:
    """A small file system of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave not a byte of room."""
        with self._filler.open("wb", buffering=0) as file:
            for size in (65536, 1):
                with contextlib.suppress(OSError):
                    while file.write(b"x" * size):
                        continue
        assert os.statvfs(self.folder).f_bavail == 0

    def empty(self) -> None:
        self._filler.unlink()

    def remount(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk of two megabytes in memory."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "skerry-test", str(folder)], capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def notices(recorder) -> list[str]:
    return [event.label for event in recorder.events if event.kind == "system"]


def grows(recorder, eventually: Callable[..., None]) -> None:
    """Wait for events that are not there yet."""
    before = len(recorder.events)
    eventually(lambda: len(recorder.events) > before + 20, what="more events")


def test_a_device_on_whose_disk_no_file_can_be_made_from_the_first_start_on_runs_all_the_same(
    disk: Disk, mosquitto, recorder, start_agent, eventually
) -> None:
    state_dir = disk.folder / "state"
    state_dir.mkdir()
    disk.remount("nr_inodes=2")  # the two directories
    agent = start_agent(mosquitto.port, [GHOST], state_dir=str(state_dir))
    grows(recorder, eventually)
    assert list(state_dir.iterdir()) == [], "there really was no room"
    disk.remount("nr_inodes=1000")
    eventually(lambda: notices(recorder) == ["outbox-disk"], what="the report of the trouble")
    assert agent.stop() == 0
    assert "Traceback" not in agent.log


@pytest.mark.parametrize("trouble", ["full", "read-only"])
def test_on_a_disk_that_takes_nothing_the_agent_goes_on_and_starts_again(
    disk: Disk, mosquitto, recorder, start_agent, eventually, trouble: str
) -> None:
    state_dir = str(disk.folder / "state")
    agent = start_agent(mosquitto.port, [GHOST], state_dir=state_dir)
    grows(recorder, eventually)
    if trouble == "full":
        disk.fill()
    else:
        agent.kill()  # a file system that is being written to cannot be made read-only
        disk.remount("ro")
        agent = start_agent(mosquitto.port, [GHOST], state_dir=state_dir)
    eventually(lambda: "messages wait in memory meanwhile" in agent.log, what="the trouble in the log")
    grows(recorder, eventually)
    agent.kill()

    again = start_agent(mosquitto.port, [GHOST], state_dir=state_dir)
    eventually(lambda: "messages wait in memory meanwhile" in again.log, what="the trouble in the new log")
    grows(recorder, eventually)
    assert notices(recorder) == []
    disk.empty() if trouble == "full" else disk.remount("rw")
    eventually(lambda: notices(recorder) == ["outbox-disk"], what="the report of the trouble")
    grows(recorder, eventually)
    assert again.stop() == 0
    assert "Traceback" not in agent.log + again.log
    assert "are lost" not in again.log

"""A disk on which a commit takes seconds: the parent's loop stands still with it, and nobody else pays for that."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

STALL_S = 4.0
"""Several times the children's deadline."""
GHOST = {"kind": "synthetic", "name": "ghost", "events_per_s": 20.0, "progress_deadline_s": 1.0}


@pytest.fixture
def disk(need_program: Callable[[str], str], tmp_path: Path) -> Iterator[Path]:
    """A mounted file system that can be frozen: whoever writes to it waits until it is thawed."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount and freeze a file system")
    image, folder = tmp_path / "disk.img", tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(32 << 20)
    subprocess.run([need_program("mkfs.ext4"), "-q", "-F", str(image)], check=True)
    folder.mkdir()
    done = subprocess.run(["mount", "-o", "loop", str(image), str(folder)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"no image can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_children_are_not_taken_for_hung_while_a_commit_hangs(
    need_program, disk: Path, mosquitto, recorder, start_agent, eventually
) -> None:
    fsfreeze = need_program("fsfreeze")
    agent = start_agent(mosquitto.port, [GHOST], state_dir=str(disk / "state"))
    eventually(lambda: len(recorder.events) > 40, what="events, and the child's pace")
    (child,) = agent.children()
    subprocess.run([fsfreeze, "--freeze", str(disk)], check=True)
    try:
        time.sleep(STALL_S / 4)  # the fault itself, and nothing that is waited for
        before = len(recorder.events)
        time.sleep(STALL_S * 3 / 4)
        assert len(recorder.events) == before, "nothing can be accepted"
    finally:
        subprocess.run([fsfreeze, "--unfreeze", str(disk)], check=True)
    eventually(lambda: len(recorder.events) > before + 40, what="the events of the stall and after it")
    assert agent.children() == [child]
    assert recorder.states == ["online"]
    serials = [int(event.message) for event in recorder.events if event.pipeline == "ghost"]
    assert serials == list(range(1, len(serials) + 1)), "all that was found meanwhile, in order"

"""The power goes at any moment: what was said to be accepted is on the disk."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.outbox.outbox import Outbox
from skerry_edge.contracts.messages import Event

IMAGE_BYTES = 24 << 20
CUTS = 5
ACCEPT_FOR_EVER = """
import itertools, os, sys
from pathlib import Path
from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.outbox.outbox import Outbox
from skerry_edge.contracts.messages import Event

folder = Path(sys.argv[1])
identity = Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=clock_state)
outbox = Outbox(folder, max_bytes=1 << 30, identity=identity)
with (folder / "unsynced").open("w") as unsynced:
    for number in itertools.count():
        labels = [f"{number}-{part}" for part in range(1 + number % 3)]
        topic = identity.topic("event")
        outbox.put(*(
            (topic, Event(**identity.stamp(), kind="detection", pipeline="gate", label=one)) for one in labels
        ))
        os.write(1, "".join(f"{one}\\n" for one in labels).encode())
        unsynced.write(f"{number}\\n")
        unsynced.flush()
        if number % 7 == 6:
            for letter in outbox.pending((), 3):
                outbox.acknowledge(letter.key)
                os.write(1, f"-{letter.message.label}\\n".encode())
"""
"""Writes what was accepted, and what was acknowledged with a minus; beside it a file that is never synced."""


@contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    """Mount an image; the file system writes by itself only every five minutes."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "ext4", "-o", "loop,commit=300", str(image), str(folder)], capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"no image can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def card(need_program: Callable[[str], str], tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A card's image and the folder that it is mounted at."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount an image")
    image = tmp_path / "card.img"
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    # Everything is laid out now: a file system that is still being made would be written to by the kernel itself.
    eager = ["-E", "lazy_itable_init=0,lazy_journal_init=0"]
    subprocess.run([need_program("mkfs.ext4"), "-q", "-F", *eager, str(image)], check=True)
    with mounted(image, tmp_path / "card") as folder:
        yield image, folder


def labels_in(folder: Path) -> set[str]:
    identity = Identity(site="garden", device="cam-1", session="00000002-0000abcd", clock=clock_state)
    outbox = Outbox(folder, max_bytes=1 << 30, identity=identity)
    events = [one.message for one in outbox.pending((), 1 << 20) if isinstance(one.message, Event)]
    outbox.close()
    assert [one.message for one in events if one.kind == "system"] == [], "a power cut damages nothing"
    return {one.label for one in events}


def test_no_accepted_event_is_missing_after_a_power_cut(card, tmp_path: Path, eventually) -> None:
    image, folder = card
    said = tmp_path / "said.txt"
    with said.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-c", ACCEPT_FOR_EVER, str(folder)], stdout=output)
    try:
        for cut in range(CUTS):
            goal = 60 * (cut + 1)
            eventually(lambda goal=goal: said.read_bytes().count(b"\n") > goal, what="more accepted events")
            process.send_signal(signal.SIGSTOP)
            # Stopped is a process only when the kernel has done what it was asked for, a sync included.
            eventually(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED, what="a standstill")
            lines = said.read_text().splitlines()
            copy = tmp_path / f"cut-{cut}.img"
            shutil.copyfile(image, copy)
            process.send_signal(signal.SIGCONT)
            acknowledged = {line[1:] for line in lines if line.startswith("-")}
            accepted = {line for line in lines if not line.startswith("-")}
            with mounted(copy, tmp_path / f"cut-{cut}") as after:
                assert (accepted - acknowledged) - labels_in(after) == set()
                unsynced = after / "unsynced"
                left = unsynced.read_text().splitlines() if unsynced.exists() else []
                assert len(left) < len({line.split("-")[0] for line in accepted}), "this is no power cut"
            copy.unlink()
    finally:
        process.kill()
        process.wait(30)

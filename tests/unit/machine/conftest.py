"""Trees of the kernel's files as boards have them, from text; see trees/*.txt."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TREES = Path(__file__).with_name("trees")
REFUSES = {"!EIO": "/proc/self/mem"}
"""Files that are there and cannot be read: this one answers EIO at its beginning."""

LayOut = Callable[[str], Path]


@pytest.fixture
def lay_out(tmp_path: Path) -> Iterator[LayOut]:
    r"""Return a function that writes files from lines ``path: value`` (``\n``, ``\t`` and ``\0`` escaped).

    The value ``!EIO`` makes a file that cannot be read, ``!EAGAIN`` one that has nothing to say now.
    """
    root = tmp_path / "root"
    root.mkdir()
    writers: list[int] = []

    def write(text: str) -> Path:
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            name, _, value = line.partition(": ")
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if value in REFUSES:
                file.symlink_to(REFUSES[value])
            elif value == "!EAGAIN":
                os.mkfifo(file)
                # A pipe that somebody could write to: reading it without waiting gives EAGAIN.
                writers.append(os.open(file, os.O_RDWR))
            else:
                file.write_bytes(value.replace("\\n", "\n").replace("\\t", "\t").replace("\\0", "\0").encode())
        return root

    yield write
    for descriptor in writers:
        os.close(descriptor)


@pytest.fixture
def board(lay_out: LayOut) -> LayOut:
    """Return a function that lays out the tree of a board."""
    return lambda name: lay_out((TREES / f"{name}.txt").read_text(encoding="utf-8"))

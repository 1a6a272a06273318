"""Trees of /proc and /sys as machines have them, kept as text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

TREES = Path(__file__).with_name("trees")


@pytest.fixture
def tree(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that lays out a machine's files below a folder and gives the folder.

    In the text `== PATH` begins a file, and `|` is the NUL between a device tree's strings.
    """

    def lay_out(name: str) -> Path:
        root = tmp_path / name
        for part in (TREES / f"{name}.txt").read_text().split("== ")[1:]:
            path, _, content = part.partition("\n")
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            ending = "\0" if "devicetree" in path else "\n"
            file.write_text(content.rstrip("\n").replace("|", "\0") + ending)
        return root

    return lay_out

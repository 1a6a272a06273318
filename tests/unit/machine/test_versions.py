"""Versions of system, firmware and runtimes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.machine.versions import versions

LayOut = Callable[[str], Path]


@pytest.mark.parametrize(
    ("name", "kernel", "firmware", "system"),
    [
        (
            "raspberry-pi-4",
            "6.6.31+rpt-rpi-v8",
            "0123456789abcdef0123456789abcdef01234567",
            "Debian GNU/Linux 12 (bookworm)",
        ),
        ("jetson-nano", "4.9.253-tegra", "L4T 32.7.1", None),
        ("x86-laptop", "6.8.0-45-generic", "N3AET80W (1.45 )", "Ubuntu 24.04.1 LTS"),
        ("container", "6.1.0", None, None),
    ],
)
def test_a_machine_tells_what_it_runs(
    board: LayOut, name: str, kernel: str, firmware: str | None, system: str | None
) -> None:
    found = versions(board(name))
    assert (found.get("kernel"), found.get("firmware"), found.get("os")) == (kernel, firmware, system)
    assert found["python"].startswith("3.")

"""The file system that holds a directory: room, whether it can be written to, and the wear of what it lies on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.machine.files import read_number, read_text

_MB = 1e6
_EXCEEDED = 11
"""JEDEC JESD84-B51, DEVICE_LIFE_TIME_EST: 1 is up to 10 % used, 10 up to 100 %, 11 more than that; 0 is not defined."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Disk:
    """The heartbeat's figures of a disk; None for what the file system or the device does not tell."""

    free_mb: float
    total_mb: float
    inodes_free_percent: float | None
    read_only: bool
    life_used_percent: float | None
    errors: int | None


def disk(directory: int, sysfs: Path) -> Disk:
    """Return what there is to say about the file system of an open directory. Raises OSError."""
    state = os.fstatvfs(directory)
    device = os.fstat(directory).st_dev
    block = sysfs / f"dev/block/{os.major(device)}:{os.minor(device)}"
    return Disk(
        free_mb=state.f_bavail * state.f_frsize / _MB,
        total_mb=state.f_blocks * state.f_frsize / _MB,
        inodes_free_percent=100.0 * state.f_favail / state.f_files if state.f_files else None,
        read_only=bool(state.f_flag & os.ST_RDONLY),
        life_used_percent=life_used_percent(block),
        errors=file_system_errors(block, sysfs),
    )


def life_used_percent(block: Path) -> float | None:
    """Return an eMMC's own estimate of its wear in steps of 10 %, upper ends; None for other devices.

    ``block`` is the link in `/sys/dev/block`, of the device or of a part of it.
    """
    place = block.resolve()
    text = read_text(place / "device/life_time") or read_text(place.parent / "device/life_time")
    try:
        estimates = [int(word, 16) for word in (text or "").split()]
    except ValueError:
        return None
    worst = max(estimates, default=0)
    return 10.0 * worst if 0 < worst <= _EXCEEDED else None


def file_system_errors(block: Path, sysfs: Path) -> int | None:
    """Return how many errors ext4 has noted on the file system since it was last checked; None for other kinds."""
    count = read_number(sysfs / "fs/ext4" / block.resolve().name / "errors_count")
    return None if count is None else int(count)

"""Python, shared memory, disk and clock: judged from plain values, which thin readers bring."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from skerry_boards.schema import Board
from skerry_edge.agent.doctor.findings import Finding
from skerry_edge.agent.install.reading import Reader, why_unwritable
from skerry_edge.agent.life.clock import clock_state

_MB = 1e6
SPARE_MB = 64.0
"""What must be free beside the outbox: the log, the start counter, a pulled model."""
SHARED_MB = 32.0
"""Below this, runtimes that pass buffers between threads of processes fail; containers start with 64 MB."""


def look_at_python() -> tuple[Finding, ...]:
    """Judge this interpreter."""
    return (judge_python(sys.version_info[:2], bits=64 if sys.maxsize > 2**32 else 32, machine=platform.machine()),)


def judge_python(version: tuple[int, int], *, bits: int, machine: str) -> Finding:
    """Judge a Python by its version and width."""
    found = f"Python {version[0]}.{version[1]}, {bits}-bit on {machine}"
    if version < (3, 10):
        todo = "install Python 3.10 or later beside the system's and make Skerry's environment with it"
        return Finding(name="python", status="failed", found=found, todo=todo)
    if bits < 64:
        return Finding(
            name="python", status="failed", found=found, todo="use a 64-bit system: runtimes have no other wheels"
        )
    return Finding(name="python", status="ok", found=found)


def look_at_shared_memory(folder: Path = Path("/dev/shm")) -> tuple[Finding, ...]:  # noqa: S108  # what is looked at
    """Judge the shared memory of this system."""
    try:
        about = os.statvfs(folder)
    except OSError:
        return (Finding(name="shared memory", status="not applicable", found=f"there is no {folder}"),)
    return (judge_shared_memory(about.f_bavail * about.f_frsize / _MB),)


def judge_shared_memory(free_mb: float) -> Finding:
    """Judge how much shared memory is free."""
    found = f"{free_mb:.0f} MB free"
    if free_mb < SHARED_MB:
        todo = "in a container raise --shm-size; else see what fills /dev/shm"
        return Finding(name="shared memory", status="warning", found=found, todo=todo)
    return Finding(name="shared memory", status="ok", found=found)


def look_at_disk(folder: Path, needed_bytes: int, writer: Reader | None) -> tuple[Finding, ...]:
    """Judge the disk below the state directory, or below its nearest parent that is there. Raises OSError.

    ``writer`` is who is to keep its state there, None where nobody is yet.
    """
    there = next(one for one in (folder, *folder.parents) if one.exists())
    about = os.statvfs(there)
    if writer is not None and (reason := why_unwritable(str(there), writer)) is not None:
        todo = f"give {folder} to {writer.name} (sudo chown {writer.name} DIR), or set 'state_dir' elsewhere"
        return (Finding(name="disk", status="failed", found=reason, todo=todo),)
    return (
        judge_disk(
            str(folder),
            free_mb=about.f_bavail * about.f_frsize / _MB,
            is_read_only=bool(about.f_flag & os.ST_RDONLY),
            free_inodes=about.f_favail if about.f_files else None,
            needed_mb=needed_bytes / _MB + SPARE_MB,
        ),
    )


def judge_disk(
    folder: str, *, free_mb: float, is_read_only: bool, free_inodes: int | None, needed_mb: float
) -> Finding:
    """Judge a file system by what is free; ``free_inodes`` is None where it makes them as needed."""
    if is_read_only:
        todo = (
            "look into the kernel's log for errors of the card or disk; mount it writable, or set 'state_dir' elsewhere"
        )
        return Finding(name="disk", status="failed", found=f"the file system below {folder} is read-only", todo=todo)
    found = f"{free_mb:.0f} MB free below {folder}, {needed_mb:.0f} MB are for the outbox and its surroundings"
    if free_inodes is not None and free_inodes < 100:
        return Finding(name="disk", status="failed", found=f"{free_inodes} inodes free", todo="remove small files")
    if free_mb < SPARE_MB / 4:
        return Finding(name="disk", status="failed", found=found, todo="make room: events cannot be kept")
    if free_mb < needed_mb:
        return Finding(name="disk", status="warning", found=found, todo="make room, or lower 'max_bytes' in [outbox]")
    return Finding(name="disk", status="ok", found=found)


def look_at_clock() -> tuple[Finding, ...]:
    """Judge whether the clock is synchronised."""
    if clock_state() == "synced":
        return (Finding(name="clock", status="ok", found="synchronised"),)
    todo = "timedatectl set-ntp true, and see that the time server can be reached; TLS and time stamps depend on it"
    return (Finding(name="clock", status="warning", found="not synchronised, as far as the kernel tells", todo=todo),)


def look_at_board(configured: Board | None, detected: Board | None) -> tuple[Finding, ...]:
    """Judge whether the configured board is the one that was detected."""
    if configured is None:
        found = detected.name if detected else "no profile is called for"
        return (
            Finding(name="board", status="ok" if detected else "warning", found=found, todo="skerry boards detect"),
        )
    if detected is None or detected.name == configured.name:
        return (Finding(name="board", status="ok", found=configured.name),)
    todo = f"set board = \"{detected.name}\", or plug in what '{configured.name}' counts on (skerry boards detect)"
    found = f"the configuration says {configured.name}, the machine looks like {detected.name}"
    return (Finding(name="board", status="warning", found=found, todo=todo),)

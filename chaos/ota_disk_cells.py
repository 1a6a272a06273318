"""The disk of the fault matrix, from a look at the repository to the verified file: no space, read-only, `kill -9`.

Every call that changes the disk is counted by Python's own audit events, so those of TUF's client count as well. In
cell number N the N-th of them fails, and with it all that follow, or the process is gone at that moment. Afterwards,
with the disk in order, the device must take the new file, and must not have forgotten what it guards against.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chaos.ota_bad_server import serving
from chaos.ota_cells import Cell, LostError
from chaos.ota_device import UnderTest, WrongClock
from chaos.ota_repositories import BOARD, Rig, make_rig
from chaos.ota_transfer_cells import NEW, NEW_BYTES, OLD, OLD_BYTES
from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.ota.errors import TransferError
from skerry_edge.ota.transfer.mirrors import parse_mirror
from skerry_edge.ota.trust.floors import FloorFile

CHANGING = frozenset({"os.rename", "os.mkdir", "os.remove", "os.symlink", "os.truncate", "os.chmod", "os.rmdir"})
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
GONE = 9
"""The exit code of a process that was struck."""
ENDINGS = ("no-space", "read-only", "killed")
Strike = Callable[[], None]


def cells() -> Iterator[Cell]:
    """Yield each fault at each change of the disk."""
    for number in range(_changes()):
        for row, strike in FAULTS.items():
            column = f"at change {number + 1}"
            yield Cell(table="disk", row=row, column=column, run=partial(struck, number=number, strike=strike))


def struck(folder: Path, *, number: int, strike: Strike) -> str:
    """Return how the device ended while its disk failed from change ``number`` on. Raises LostError."""
    with serving(_pattern().repository.path) as server:
        device = _device(folder, server.address)
        before = device.slot_sha256()
        ending = _in_a_child(device, number, strike)
        if ending not in ENDINGS:
            raise LostError(ending)
        if device.slot_sha256() != before:
            raise LostError("the slot was touched")
        if FloorFile(device.place.floors).read() is None:
            raise LostError("the floors were damaged")
        _must_take(device, ending)
        return ending


def _must_take(device: UnderTest, ending: str) -> None:
    try:
        path = device.bring(NEW)
    except (ReleaseError, TransferError) as error:
        raise LostError(f"with the disk in order, refused after '{ending}': {error.reason}: {error}") from error
    if path.read_bytes() != NEW_BYTES:
        raise LostError("another file was taken")


def _in_a_child(device: UnderTest, number: int, strike: Strike) -> str:
    """Let a child of this process do the update with its disk failing, and return how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with _striking(number, strike):
            ending = _ending(device)
        os.write(writing, ending.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        ending = told.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in (0, GONE):
        raise LostError(f"the process ended with code {code}")
    return ending or "killed"


def _ending(device: UnderTest) -> str:
    try:
        device.bring(NEW)
    except (ReleaseError, TransferError) as error:
        return error.reason
    except BaseException as error:  # noqa: BLE001  # the child must end here, with whatever it was
        return f"crashed with {error!r}"
    return "taken"


class _Disk:
    """What the audit hook, which can never be taken away again, counts and strikes."""

    def __init__(self) -> None:
        self.count = 0
        self.first = -1
        self.strike: Strike | None = None
        self.is_watching = False
        self.is_hooked = False

    def heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Strike where the event changes the disk."""
        if not self.is_watching:
            return
        changes = event in CHANGING or (event == "open" and _writes(arguments))
        if not changes:
            return
        number = self.count
        self.count += 1
        if self.strike is not None and number >= self.first:
            self.strike()


def _writes(arguments: tuple[Any, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & WRITING)


_DISK = _Disk()


@contextmanager
def _striking(first: int, strike: Strike | None) -> Iterator[None]:
    if not _DISK.is_hooked:
        sys.addaudithook(_DISK.heard)
        _DISK.is_hooked = True
    _DISK.count, _DISK.first, _DISK.strike, _DISK.is_watching = 0, first, strike, True
    try:
        yield
    finally:
        _DISK.is_watching = False


def _fails(number: int) -> Strike:
    def strike() -> None:
        raise OSError(number, os.strerror(number))

    return strike


def _gone() -> None:
    os._exit(GONE)


FAULTS: dict[str, Strike] = {"no space": _fails(errno.ENOSPC), "read-only": _fails(errno.EROFS), "kill -9": _gone}


@cache
def _changes() -> int:
    """Return how often a whole update changes the disk."""
    with TemporaryDirectory() as folder, serving(_pattern().repository.path) as server:
        device = _device(Path(folder), server.address)
        with _striking(0, None):
            device.bring(NEW)
        return _DISK.count


def _device(folder: Path, address: str) -> UnderTest:
    device = UnderTest(
        folder=folder / "device",
        root=_pattern().root,
        mirrors=(parse_mirror(address),),
        clock=WrongClock(None),
        board=BOARD,
    )
    device.commit(OLD, device.bring(OLD))
    device.empty_caches()  # so that all metadata is written once more
    return device


@cache
def _pattern() -> Rig:
    rig = make_rig(Path(_PATTERNS.name))
    rig.publish(OLD, OLD_BYTES)
    rig.publish(NEW, NEW_BYTES)
    return rig


_PATTERNS = TemporaryDirectory(prefix="skerry-chaos-pattern-")

"""A model's files outside of their bundle, for as long as a runtime reads them.

A child that hangs while it loads is killed, and cannot tidy up. So each copy lies in a folder that its process holds
locked; the kernel lets go of the lock however the process ends, and the next load removes what nobody holds.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import Artifact, Variant
from skerry_edge.foundation.errors import ReachError

PREFIX = "skerry-model-"


@contextmanager
def extracted(bundle: Bundle, variant: Variant) -> Iterator[Path]:
    """Give the path of a variant's file: a copy of the very bytes that were checked, and of its companions.

    The copies are gone when the body ends, those of processes that were killed when the next one begins. Raises
    BundleError, and ReachError where there is no room for them.
    """
    parts: tuple[Artifact | Variant, ...] = (variant, *variant.extra_files)
    contents = {one.file: bundle.read(one) for one in parts}
    try:
        _sweep(Path(tempfile.gettempdir()))
        folder, descriptor = _held_folder()
    except OSError as error:
        raise _no_room(tempfile.gettempdir(), error) from error
    try:
        _write(contents, folder)
        yield folder / variant.file
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _write(contents: Mapping[str, bytes], folder: Path) -> None:
    for name, data in contents.items():
        target = folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        except OSError as error:
            raise _no_room(str(target), error) from error


def _no_room(where: str, error: OSError) -> ReachError:
    return ReachError("the model cannot be copied for its runtime to read", where=where, found=error.strerror)


def _held_folder() -> tuple[Path, int]:
    """Make a folder, and return it with the descriptor that holds it locked. Raises OSError."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        descriptor = _lock(folder)
        if descriptor is not None:
            return folder, descriptor
        # Another process has taken it for one that was left, before it was locked here.


def _sweep(place: Path) -> None:
    """Remove the copies of this user's processes that have ended without doing so."""
    for left in place.glob(f"{PREFIX}*"):
        descriptor = _lock(left)
        if descriptor is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(descriptor)


def _lock(folder: Path) -> int | None:
    """Return a descriptor that holds a folder of this user locked.

    None where another one holds it, it is gone, another user's, or no folder.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    if _is_held(descriptor, folder):
        return descriptor
    os.close(descriptor)
    return None


def _is_held(descriptor: int, folder: Path) -> bool:
    """Tell whether the descriptor could be locked, and is still that of the folder."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held = os.fstat(descriptor)
        return held.st_uid == os.geteuid() and os.path.samestat(held, folder.stat())
    except OSError:
        return False

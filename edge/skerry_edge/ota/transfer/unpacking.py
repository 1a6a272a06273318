"""An agent's archive unpacked: regular files of plain names alone, in a folder of their own, within bounds."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.release import MAX_TARGET_BYTES
from skerry_edge.foundation.atomic import sync_directory
from skerry_edge.ota.transfer.told import failures_told

MAX_FILES = 1000
_NAME = re.compile(r"requirements\.txt|wheels/[A-Za-z0-9][A-Za-z0-9._+-]{0,199}\.whl")
"""All that an agent's release holds (skerry_server/releases)."""


def unpack(archive: Path, into: Path) -> tuple[Path, ...]:
    """Unpack an agent's tar archive, not compressed, into the new folder ``into``; return its files.

    Nothing of it stays where anything in it is refused. Raises ReleaseError ``archive``, TransferError for the disk.
    """
    with failures_told():
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        try:
            return tuple(_unpacked(archive, into))
        except tarfile.TarError as error:
            shutil.rmtree(into)
            raise _refused(archive, str(error)) from error
        except BaseException:
            shutil.rmtree(into, ignore_errors=True)
            raise


def _unpacked(archive: Path, into: Path) -> Iterator[Path]:
    left = MAX_TARGET_BYTES
    seen: set[str] = set()
    with tarfile.open(archive, "r:") as tar:
        for member in tar:
            if member.isdir() and member.name in (".", "wheels"):
                continue
            left -= member.size
            _check(archive, member, seen, left)
            seen.add(member.name)
            yield _write(tar, member, into / member.name)
    for folder in {into, *(one for one in into.iterdir() if one.is_dir())}:
        sync_directory(folder)


def _check(archive: Path, member: tarfile.TarInfo, seen: set[str], left: int) -> None:
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
        raise _refused(archive, f"{member.name!r} is no regular file")
    if not _NAME.fullmatch(member.name):
        raise _refused(archive, f"the name {member.name[:200]!r}")
    if member.name in seen:
        raise _refused(archive, f"{member.name!r} twice")
    if len(seen) == MAX_FILES or left < 0:
        raise _refused(archive, f"more than {MAX_FILES} files or {MAX_TARGET_BYTES} bytes")


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    taken = tar.extractfile(member)
    if taken is None:
        raise tarfile.ReadError(f"{member.name!r} has no content")
    with taken, path.open("xb") as file:
        shutil.copyfileobj(taken, file)
        file.flush()
        os.fsync(file.fileno())
    return path


def _refused(archive: Path, found: str) -> ReleaseError:
    return ReleaseError("archive", "the archive holds what it must not", where=str(archive), found=found)

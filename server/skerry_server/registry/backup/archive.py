"""The file of a backup: a ZIP archive whose manifest comes last, so that one that was cut short has none."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from skerry_edge.foundation.atomic import publish, refuse_other_kinds
from skerry_edge.foundation.errors import DataError, ReachError
from skerry_server.registry.backup.manifest import FORMAT, NAME, Manifest, Member

BLOCK = 1 << 20
MAX_MANIFEST_BYTES = 1 << 20
MAX_LINE_BYTES = 1 << 26
DAMAGES = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What `zipfile` raises over an archive that is damaged, or none of ours."""


class ArchiveWriter:
    """An archive while it is made."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def add(self, name: str, blocks: Iterable[bytes]) -> Member:
        """Add a file of any size. Raises OSError."""
        digest, size = hashlib.sha256(), 0
        with self._archive.open(name, "w", force_zip64=True) as file:
            for block in blocks:
                file.write(block)
                digest.update(block)
                size += len(block)
        return Member(name=name, size_bytes=size, sha256=digest.hexdigest())

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest, which makes the archive whole. Raises OSError."""
        self._archive.writestr(NAME, msgspec.json.format(msgspec.json.encode(manifest)))


@contextmanager
def new_archive(path: Path) -> Iterator[ArchiveWriter]:
    """Give an archive that takes the name ``path`` when the block ends well, and leaves nothing otherwise.

    Only its owner can read it, since it holds the hashes of passwords. Raises ReachError.
    """
    refuse_other_kinds(path)
    aside: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp", delete=False) as file:
            aside = Path(file.name)
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                yield ArchiveWriter(archive)
        publish(aside, path, mode=0o600)
        aside = None
    except OSError as error:
        raise ReachError(
            "cannot write the backup", where=str(path), found=error.strerror, todo="check space and permissions"
        ) from error
    finally:
        if aside is not None:
            aside.unlink(missing_ok=True)


class Archive:
    """An archive that is there; `opened` gives one."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path = path
        self._archive = archive
        self.manifest = self._read_manifest()

    def members(self) -> list[Member]:
        """Return all files that the manifest names."""
        tables = [one.member for one in self.manifest.tables]
        return tables if self.manifest.telemetry is None else [*tables, self.manifest.telemetry]

    def blocks(self, member: Member) -> Iterator[bytes]:
        """Yield a file's content, and raise DataError at its end where it is not what was saved."""
        digest, size = hashlib.sha256(), 0
        with self._read(member.name) as file:
            while block := self._block(file, member.name):
                digest.update(block)
                size += len(block)
                yield block
        if (size, digest.hexdigest()) != (member.size_bytes, member.sha256):
            raise self._damaged(f"'{member.name}' is not what was saved")

    def lines(self, member: Member) -> Iterator[bytes]:
        """Yield a file's lines without their ends. Raises DataError as `blocks` does."""
        rest = b""
        for block in self.blocks(member):
            *whole, rest = (rest + block).split(b"\n")
            yield from whole
            if len(rest) > MAX_LINE_BYTES:
                raise self._damaged(f"a line of '{member.name}' has more than {MAX_LINE_BYTES} bytes")
        if rest:
            raise self._damaged(f"the last line of '{member.name}' has no end")

    def _read_manifest(self) -> Manifest:
        try:
            with self._read(NAME) as file:
                content = self._block(file, NAME, MAX_MANIFEST_BYTES + 1)
            found = msgspec.json.decode(content, type=dict[str, object]).get("format")
            if isinstance(found, int) and found > FORMAT:
                raise DataError(
                    "the backup was made by a later version of Skerry",
                    where=str(self._path),
                    found=f"format {found}",
                    todo="restore it with that version",
                )
            return msgspec.json.decode(content, type=Manifest)
        except msgspec.MsgspecError as error:
            raise self._damaged(f"{NAME}: {error}") from error

    def _read(self, name: str) -> IO[bytes]:
        try:
            return self._archive.open(name)
        except (KeyError, *DAMAGES) as error:
            raise self._damaged(f"'{name}': {error}") from error

    def _block(self, file: IO[bytes], name: str, size: int = BLOCK) -> bytes:
        try:
            return file.read(size)
        except DAMAGES as error:
            raise self._damaged(f"'{name}': {error}") from error

    def _damaged(self, found: str) -> DataError:
        return DataError("the backup is damaged", where=str(self._path), found=found, todo="restore another one")


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Give an archive to read. Raises ReachError where there is none, DataError where it is no backup."""
    # A device has no end to be found, and a pipe keeps whoever opens it waiting.
    refuse_other_kinds(path)
    try:
        file = path.open("rb")
    except OSError as error:
        raise ReachError("cannot read the backup", where=str(path), found=error.strerror) from error
    with file:
        try:
            archive = zipfile.ZipFile(file)
        except DAMAGES as error:
            raise DataError(
                "this is no backup, or one that was cut short", where=str(path), found=str(error)
            ) from error
        with archive:
            yield Archive(path, archive)

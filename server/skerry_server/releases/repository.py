"""The files of a TUF repository: `metadata/` and `targets/`, which any web server can serve as they are."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tuf.api.metadata import Metadata, MetaFile, Root, Signed, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization import DeserializationError
from tuf.api.serialization.json import JSONSerializer

from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ConfigError, DataError, ReachError
from skerry_edge.foundation.file_hash import file_sha256
from skerry_edge.foundation.small_file import read_small
from skerry_server.errors import ConflictError

Write = Callable[[Path, bytes], None]
Payload = TypeVar("Payload", Root, Targets, Snapshot, Timestamp)
ROLES: dict[str, type[Signed]] = {"root": Root, "targets": Targets, "snapshot": Snapshot, "timestamp": Timestamp}
MAX_METADATA_BYTES = 16 << 20
_VERSIONED = re.compile(r"(?P<version>[1-9][0-9]{0,9})\.(?P<role>root|targets|snapshot)\.json")


class Repository:
    """A repository in a folder; ``write`` is the one way in which its files come about.

    Files of `metadata/` but `timestamp.json` and all files of `targets/` never change once they are there, so clients
    see what the timestamp names, and replacing that one file publishes everything that was written before it.
    """

    def __init__(self, path: Path, *, write: Write = write_atomic) -> None:
        self.path = path
        self.metadata = path / "metadata"
        self.targets = path / "targets"
        self.staging = path / "staging"
        self._write = write

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let nobody else change the repository meanwhile. Raises ConflictError where somebody does, ReachError."""
        try:
            descriptor = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ReachError("cannot lock the repository", where=str(self.path), found=error.strerror) from error
        try:
            self._take(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _take(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(
                "another command is changing the repository", where=str(self.path), todo="try again when it has ended"
            ) from error

    def make(self) -> None:
        """Make the repository's folder. Raises ReachError."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ReachError("cannot make a folder", where=str(self.path), found=error.strerror) from error

    def exists(self) -> bool:
        """Tell whether a repository has been made here."""
        return bool(self.versions("root"))

    def versions(self, role: str, *, folder: Path | None = None) -> list[int]:
        """Return the versions of a role's metadata that are there, in order; ``folder`` instead of `metadata/`."""
        folder = folder or self.metadata
        try:
            names = [one.name for one in folder.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ReachError("cannot list the repository", where=str(folder), found=error.strerror) from error
        matches = (_VERSIONED.fullmatch(name) for name in names)
        return sorted(int(match["version"]) for match in matches if match and match["role"] == role)

    def root(self) -> Metadata[Root]:
        """Return the newest root. Raises ConfigError where there is no repository."""
        self.require()
        return self.read(Root, self.versions("root")[-1])

    def require(self) -> None:
        """Raise ConfigError where there is no repository."""
        if not self.exists():
            raise ConfigError(
                "there is no repository of releases here", where=str(self.path), todo="make one: skerry ota init"
            )

    def newest(self, kind: type[Payload]) -> Metadata[Payload] | None:
        """Return the metadata of the highest version of a role, None where there is none yet."""
        if kind.type == Timestamp.type:
            return self.read(kind, None) if (self.metadata / "timestamp.json").exists() else None
        versions = self.versions(kind.type)
        return self.read(kind, versions[-1]) if versions else None

    def newest_targets(self) -> Metadata[Targets]:
        """Return the newest targets, whether or not clients see them yet. Raises DataError where there are none."""
        targets = self.newest(Targets)
        if targets is None:
            where, todo = str(self.metadata), "restore the repository from a backup"
            raise DataError("the repository has no targets", where=where, todo=todo)
        return targets

    def read(self, kind: type[Payload], version: int | None) -> Metadata[Payload]:
        """Return the metadata of a role, a timestamp's with ``version`` None. Raises ReachError and DataError."""
        return read_metadata(self.metadata / file_name(kind.type, version), kind)

    def write(self, metadata: Metadata[Payload]) -> None:
        """Put signed metadata where clients look for it. Raises ReachError."""
        self._put(self.metadata / file_name(metadata.signed.type, metadata.signed.version), encode_metadata(metadata))

    def described(self, metadata: Metadata[Payload]) -> MetaFile:
        """Return how the metadata above names this one, which has been written: version, length and hash."""
        version = metadata.signed.version
        raw = read_bounded(self.metadata / file_name(metadata.signed.type, version))
        return MetaFile.from_data(version, raw, ["sha256"])

    def stage(self, metadata: Metadata[Payload]) -> Path:
        """Keep metadata that lacks signatures where no client looks; return its file. Raises ReachError."""
        path = self.staging / file_name(metadata.signed.type, metadata.signed.version)
        self._put(path, encode_metadata(metadata))
        return path

    def target_file(self, target: TargetFile) -> Path:
        """Return the file of a target: its name is preceded by the hash of what it holds."""
        folder, _, name = target.path.rpartition("/")
        return self.targets / folder / f"{target.hashes['sha256']}.{name}"

    def write_target(self, target: TargetFile, data: bytes) -> None:
        """Put a target's file there; no client asks for it before metadata names it. Raises ReachError."""
        path = self.target_file(target)
        if not (path.is_file() and file_sha256(path) == target.hashes["sha256"]):
            self._put(path, data)

    def _put(self, path: Path, data: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ReachError("cannot make a folder", where=str(path.parent), found=error.strerror) from error
        self._write(path, data)


def file_name(role: str, version: int | None) -> str:
    """Return the name of a role's metadata file; only a timestamp's has no version."""
    return f"{role}.json" if role == "timestamp" else f"{version}.{role}.json"


def encode_metadata(metadata: Metadata[Payload]) -> bytes:
    """Return metadata as it is served: JSON for machines and, indented, for whoever looks into it."""
    return metadata.to_bytes(JSONSerializer(compact=False))


def read_metadata(path: Path, kind: type[Payload]) -> Metadata[Payload]:
    """Return the metadata in a file, not verified. Raises ReachError, and DataError where it is no such metadata."""
    try:
        metadata: Metadata[Payload] = Metadata.from_bytes(read_bounded(path))
    except DeserializationError as error:
        raise DataError("this is no TUF metadata", where=str(path), found=str(error.__cause__ or error)) from error
    if not isinstance(metadata.signed, kind):
        raise DataError("this is the metadata of another role", where=str(path), found=metadata.signed.type)
    return metadata


def read_bounded(path: Path) -> bytes:
    """Return a metadata file's bytes. Raises ReachError."""
    try:
        return read_small(path, MAX_METADATA_BYTES)
    except OSError as error:
        raise ReachError("cannot read the repository's metadata", where=str(path), found=error.strerror) from error

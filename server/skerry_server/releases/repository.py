"""The files of a TUF repository: `metadata/` and `targets/`, which any web server can serve as they are."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tuf.api.exceptions import LengthOrHashMismatchError, UnsignedMetadataError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from skerry_edge.foundation.atomic import publish as give_name
from skerry_edge.foundation.atomic import sync_directory, write_atomic
from skerry_edge.foundation.errors import ConfigError, DataError, ReachError
from skerry_edge.foundation.file_hash import file_sha256
from skerry_server.errors import ConflictError
from skerry_server.releases.metadata_files import Payload, encode_metadata, file_name, read_bounded, read_metadata
from skerry_server.releases.pins import Pins

_LOOK_S = 0.05
MAKING = ".making"
_VERSIONED = re.compile(r"(?P<version>[1-9][0-9]{0,9})\.(?P<role>root|targets|snapshot)\.json")


@dataclass(frozen=True, kw_only=True)
class Disk:
    """How a repository's files come and go: written, moved to their place from beside it, removed."""

    write: Callable[[Path, bytes], None] = write_atomic
    give: Callable[[Path, Path], None] = give_name
    remove: Callable[[Path], None] = Path.unlink


_DISK = Disk()


class Repository:
    """A repository in a folder; ``disk`` is all that it changes the folder by.

    What is read from it to be signed anew is verified first, from the root that ``pins`` remember, or its first one:
    whoever steals the folder has not stolen a key, and must not get signatures for what he puts there.

    Files of `metadata/` but `timestamp.json` and all files of `targets/` never change once they are there, so clients
    see what the timestamp names, and replacing that one file publishes everything that was written before it.
    """

    def __init__(self, path: Path, *, pins: Pins | None = None, disk: Disk = _DISK, patience_s: float = 0.0) -> None:
        self.path = path
        self.metadata = path / "metadata"
        self.targets = path / "targets"
        self.staging = path / "staging"
        self.making = path / MAKING
        self.pins = pins
        self._disk = disk
        self._patience_s = patience_s

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let nobody else change the repository meanwhile; wait for ``patience_s`` where somebody does.

        Raises ConflictError where that was too short, ReachError.
        """
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
        until_s = time.monotonic() + self._patience_s
        while True:
            try:
                return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() >= until_s:
                    what, todo = "another command is changing the repository", "try again when it has ended"
                    raise ConflictError(what, where=str(self.path), todo=todo) from error
            time.sleep(_LOOK_S)

    def make(self) -> None:
        """Make the repository's folders. Raises ReachError."""
        for folder in (self.metadata, self.targets):
            _require_folder(folder)

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
        """Return the newest root. Raises ConfigError where there is no repository, DataError where it is not ours."""
        return self.roots()[-1]

    def roots(self) -> list[Metadata[Root]]:
        """Return the roots from the trusted one to the newest, each signed by the one before and by itself.

        Raises ConfigError where there is no repository, and DataError where one of them is not signed so.
        """
        self.require()
        versions = self.versions("root")
        chain = [self._trusted_root(versions)]
        for version in versions:
            if version > chain[-1].signed.version:
                root = self.read(Root, version)
                if version != chain[-1].signed.version + 1 or not (_signs(chain[-1], root) and _signs(root, root)):
                    raise DataError(
                        "a root is not signed by the one before", where=str(self.metadata / file_name("root", version))
                    )
                chain.append(root)
        return chain

    def _trusted_root(self, versions: list[int]) -> Metadata[Root]:
        pinned = self.pins.root() if self.pins else None
        if pinned is None:
            return self.read(Root, versions[0])
        if pinned.signed.version > versions[-1]:
            raise DataError(
                "the repository is older than what its keys remember",
                where=str(self.metadata),
                found=f"root {versions[-1]}, they know {pinned.signed.version}",
                todo="restore a newer one",
            )
        return pinned

    def require(self) -> None:
        """Raise ConfigError where there is no repository."""
        if not self.exists():
            raise ConfigError(
                "there is no repository of releases here", where=str(self.path), todo="make one: skerry ota init"
            )

    def newest_targets(self) -> Metadata[Targets]:
        """Return the newest targets that are signed as they should be, whether or not clients see them yet.

        Raises DataError where there are none.
        """
        for targets in self.signed_targets():
            return targets
        where, todo = str(self.metadata), "restore the repository from a backup"
        raise DataError("the repository has no targets that their keys have signed", where=where, todo=todo)

    def signed_targets(self) -> Iterator[Metadata[Targets]]:
        """Yield the targets that are signed as they should be, newest first; what else lies there is passed over."""
        root = self.root()
        for version in reversed(self.versions("targets")):
            try:
                targets = self.read(Targets, version)
            except DataError:
                continue
            if _signs(root, targets) and targets.signed.version == version:
                yield targets

    def timestamp(self) -> Metadata[Timestamp] | None:
        """Return the timestamp that clients see, None before the first.

        One that an earlier root's key has signed counts. Raises DataError where no key of the repository signed it.
        """
        if not (self.metadata / "timestamp.json").exists():
            return None
        timestamp = self.read(Timestamp, None)
        if not any(_signs(root, timestamp) for root in self.roots()):
            raise DataError(
                "the timestamp is not signed by a key of the repository",
                where=str(self.metadata / "timestamp.json"),
                todo="somebody else wrote it; restore the repository from a backup",
            )
        return timestamp

    def snapshot(self) -> Metadata[Snapshot] | None:
        """Return the snapshot that clients see, None before the first. Raises DataError where it is not whole."""
        timestamp = self.timestamp()
        if timestamp is None:
            return None
        meta = timestamp.signed.snapshot_meta
        path = self.metadata / file_name("snapshot", meta.version)
        try:
            meta.verify_length_and_hashes(read_bounded(path))
        except LengthOrHashMismatchError as error:
            raise DataError("the snapshot is not the one that was signed", where=str(path), found=str(error)) from error
        return self.read(Snapshot, meta.version)

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

    def staged(self) -> list[Path]:
        """Return the metadata files that wait for signatures, a root before targets."""
        return [path for path, is_overtaken in self._staging() if not is_overtaken]

    def clear_overtaken(self) -> None:
        """Delete from `staging/` what a command left there that was cut off after it had published it."""
        for path, is_overtaken in self._staging():
            if is_overtaken:
                path.unlink()

    def _staging(self) -> list[tuple[Path, bool]]:
        """Return what lies in staging, and whether that version has been published meanwhile."""
        published = {"root": self.root().signed.version, "targets": self.newest_targets().signed.version}
        return [
            (self.staging / file_name(role, version), version <= published[role])
            for role in ("root", "targets")
            for version in self.versions(role, folder=self.staging)
        ]

    def target_file(self, target: TargetFile) -> Path:
        """Return the file of a target: its name is preceded by the hash of what it holds. Raises DataError."""
        folder, _, name = target.path.rpartition("/")
        if "sha256" not in target.hashes:
            raise DataError("a target has no SHA-256", where=target.path, found=", ".join(target.hashes))
        return self.targets / folder / f"{target.hashes['sha256']}.{name}"

    def give_target(self, target: TargetFile, aside: Path) -> None:
        """Move a target's file to its place; no client asks for it before metadata names it. Raises ReachError."""
        path = self.target_file(target)
        if path.is_file() and file_sha256(path) == target.hashes["sha256"]:
            return
        _require_folder(path.parent)
        try:
            self._disk.give(aside, path)
        except OSError as error:
            raise ReachError("cannot put a file in its place", where=str(path), found=error.strerror) from error

    def remove(self, path: Path) -> None:
        """Remove a file that nobody needs, and the folders that it leaves empty. Raises ReachError."""
        try:
            self._disk.remove(path)
            for folder in path.relative_to(self.path).parents:
                if len(folder.parts) > 1 and not any((self.path / folder).iterdir()):
                    (self.path / folder).rmdir()
        except OSError as error:
            raise ReachError("cannot remove a file", where=str(path), found=error.strerror) from error

    def _put(self, path: Path, data: bytes) -> None:
        _require_folder(path.parent)
        self._disk.write(path, data)


def _require_folder(folder: Path) -> None:
    try:
        _make_folders(folder)
    except OSError as error:
        raise ReachError("cannot make a folder", where=str(folder), found=error.strerror) from error


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it so that they survive a power cut as the files in them do. Raises OSError."""
    if not folder.is_dir():
        _make_folders(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_directory(folder.parent)


def _signs(root: Metadata[Root], metadata: Metadata[Payload]) -> bool:
    """Tell whether enough of the keys that ``root`` gives to the role have signed ``metadata``."""
    signed = metadata.signed
    try:
        root.signed.verify_delegate(signed.type, metadata.signed_bytes, metadata.signatures)
    except UnsignedMetadataError:
        return False
    return True

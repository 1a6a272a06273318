"""Keys and repository in one file, and back: for the day on which the disk with the only root key dies."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import permutations
from pathlib import Path, PurePosixPath
from typing import IO, Literal

import msgspec
from msgspec import Struct

from skerry_edge.contracts.manifest import Sha256
from skerry_edge.foundation.atomic import publish as give_name
from skerry_edge.foundation.atomic import refuse_other_kinds, sync_directory
from skerry_edge.foundation.errors import ConfigError, DataError, ReachError
from skerry_edge.foundation.small_file import DAMAGED
from skerry_server.releases.repository import MAKING

MANIFEST = "manifest.json"
PARTS = ("repository", "keys", "online-keys")
MAX_MANIFEST_BYTES = 64 << 20
_BLOCK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
_ROOT = re.compile(r"repository/metadata/([1-9][0-9]{0,9})\.root\.json")
_LEFT_OUT = {".lock", MAKING}

Copied = Callable[[int], object]


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of a backup."""

    size: int
    sha256: Sha256
    is_private: bool = False


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a backup holds, by path in it; paths begin with a part."""

    v: Literal[1]
    kind: Literal["skerry-ota"]
    made: datetime
    files: dict[str, Entry]

    def newest_root(self) -> int:
        """Return the version of the newest root in the backup, 0 where it has none."""
        matches = (_ROOT.fullmatch(name) for name in self.files)
        return max((int(match[1]) for match in matches if match), default=0)

    def parts(self) -> list[str]:
        """Return the parts that are in the backup."""
        return sorted({PurePosixPath(name).parts[0] for name in self.files})


@dataclass(frozen=True, kw_only=True)
class Places:
    """The folders of the parts; ``online_keys`` only where they are outside of the keys' folder."""

    repository: Path | None = None
    keys: Path | None = None
    online_keys: Path | None = None

    def by_part(self) -> dict[str, Path]:
        """Return the folders that are given, by part."""
        given = zip(PARTS, (self.repository, self.keys, self.online_keys), strict=True)
        return {part: folder for part, folder in given if folder is not None}


def save_backup(places: Places, file: Path, now: datetime, copied: Copied = lambda _: None) -> Manifest:
    """Save all files of the folders to ``file``, which only its owner can read and which is whole or not there.

    Keys stay as they are in their files: encrypted where they were. The caller holds the repository's lock. Raises
    ConfigError where there is nothing to save, and ReachError.
    """
    refuse_other_kinds(file)
    if any(file.resolve().is_relative_to(place.resolve()) for place in places.by_part().values()):
        raise ConfigError("a backup within what it saves would be lost with it", where=str(file))
    sources = dict(_sources(places))
    if not sources:
        raise ConfigError("there is nothing to back up", where=", ".join(map(str, places.by_part().values())))
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.name}.") as folder:
            aside = Path(folder) / "archive"
            manifest = _write(aside, sources, now, copied)
            beside = file.with_name(f".{file.name}.tmp")
            aside.replace(beside)
            give_name(beside, file, mode=0o600)
    except OSError as error:
        raise ReachError("cannot write the backup", where=str(file), found=error.strerror) from error
    return manifest


def bytes_of(places: Places) -> int:
    """Return how many bytes a backup of these folders would copy. Raises ReachError."""
    try:
        return sum(path.stat().st_size for _, path in _sources(places))
    except OSError as error:
        raise ReachError("cannot read what is to be saved", found=error.strerror) from error


def _sources(places: Places) -> Iterator[tuple[str, Path]]:
    """Yield the files to save; an online key within the keys' folder is saved once, as a part of that."""
    folders = places.by_part()
    seen: set[Path] = set()
    for part in PARTS:
        if part not in folders or not folders[part].is_dir():
            continue
        for path in sorted(folders[part].rglob("*")):
            is_ours = path.is_file() and not path.is_symlink()
            is_ours = is_ours and _LEFT_OUT.isdisjoint(path.relative_to(folders[part]).parts)
            if is_ours and not path.name.endswith(".tmp") and path.resolve() not in seen:
                seen.add(path.resolve())
                yield f"{part}/{path.relative_to(folders[part]).as_posix()}", path


def _write(archive: Path, sources: dict[str, Path], now: datetime, copied: Copied) -> Manifest:
    files: dict[str, Entry] = {}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED, allowZip64=True) as file:
        for name, path in sorted(sources.items()):
            with path.open("rb") as source, file.open(_info(name), "w", force_zip64=True) as target:
                size, sha256 = _copy(source, target.write, copied)
            files[name] = Entry(size=size, sha256=sha256, is_private=not path.stat().st_mode & 0o077)
        manifest = Manifest(v=1, kind="skerry-ota", made=now.replace(microsecond=0), files=files)
        file.writestr(_info(MANIFEST), msgspec.json.encode(manifest))
    return manifest


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, date_time=_EPOCH)
    info.create_system, info.external_attr = 3, 0o600 << 16
    return info


def _copy(source: IO[bytes], write: Callable[[bytes], object], copied: Copied) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while block := source.read(_BLOCK):
        digest.update(block)
        size += len(block)
        write(block)
        copied(len(block))
    return size, digest.hexdigest()


def read_manifest(file: Path) -> Manifest:
    """Return what a backup says that it holds. Raises DataError where it is none, and ReachError."""
    with _opened(file) as archive:
        return _manifest(archive, file)


def _opened(file: Path) -> zipfile.ZipFile:
    refuse_other_kinds(file)
    try:
        return zipfile.ZipFile(file)
    except OSError as error:
        raise ReachError("cannot read the backup", where=str(file), found=error.strerror) from error
    except zipfile.BadZipFile as error:
        raise DataError("this is no backup", where=str(file), found=str(error)) from error


def _manifest(archive: zipfile.ZipFile, file: Path) -> Manifest:
    try:
        if archive.getinfo(MANIFEST).file_size > MAX_MANIFEST_BYTES:
            raise DataError("the backup's manifest is too large", where=str(file))
        manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    except (KeyError, zipfile.BadZipFile, OSError, *DAMAGED) as error:
        raise DataError("this is no backup of keys and releases", where=str(file), found=str(error)) from error
    for name in manifest.files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or path.parts[0] not in PARTS or len(path.parts) < 2:
            raise DataError("the backup holds what is not ours", where=str(file), found=name)
    return manifest


def restore_backup(file: Path, places: Places, copied: Copied = lambda _: None) -> Manifest:
    """Put the parts of a backup into folders that are empty or not there yet; each is there whole or not at all.

    Parts without a folder are left out. Every hash is compared before the first folder gets its name. Raises
    ConfigError where a folder holds something or the backup has no such part, DataError where it is damaged, and
    ReachError.
    """
    folders = places.by_part()
    _require_apart(folders)
    for folder in folders.values():
        if folder.exists() and any(folder.iterdir()):
            raise ConfigError("nothing is ever restored over something", where=str(folder), todo="name another folder")
    with _opened(file) as archive:
        manifest = _manifest(archive, file)
        if missing := set(folders) - set(manifest.parts()):
            raise ConfigError("the backup has no such part", where=str(file), found=", ".join(sorted(missing)))
        made = {part: _aside(folder) for part, folder in folders.items()}
        try:
            for name, entry in manifest.files.items():
                part, _, path = name.partition("/")
                if part in made:
                    _extract(archive, file, (name, entry), made[part] / path, copied)
            for part in sorted(folders, key=PARTS.index):
                _give(made[part], folders[part])
        except OSError as error:
            raise ReachError("cannot restore the backup", where=str(file), found=error.strerror) from error
        finally:
            for folder in made.values():
                shutil.rmtree(folder, ignore_errors=True)
    return manifest


def _require_apart(folders: Mapping[str, Path]) -> None:
    """Refuse a folder that is, or lies in, another one. Raises ConfigError."""
    for (one, inner), (other, outer) in permutations(folders.items(), 2):
        if inner.resolve().is_relative_to(outer.resolve()):
            todo = "name folders beside each other"
            raise ConfigError(f"{one} cannot be restored into the folder of {other}", where=str(inner), todo=todo)


def _aside(folder: Path) -> Path:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise ReachError("cannot make a folder", where=str(folder), found=error.strerror) from error


def _extract(archive: zipfile.ZipFile, file: Path, named: tuple[str, Entry], path: Path, copied: Copied) -> None:
    name, entry = named
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if entry.is_private else 0o755)
    try:
        with archive.open(name) as source, path.open("wb") as target:
            size, sha256 = _copy(source, target.write, copied)
    except (KeyError, zipfile.BadZipFile, EOFError) as error:
        raise DataError("the backup is damaged", where=f"{file}!{name}", found=str(error)) from error
    if (size, sha256) != (entry.size, entry.sha256):
        raise DataError("the backup is damaged", where=f"{file}!{name}", found=f"{size} bytes, sha256 {sha256[:12]}…")
    path.chmod(0o600 if entry.is_private else 0o644)


def _give(made: Path, folder: Path) -> None:
    """Give a folder that is whole its name."""
    if folder.is_dir():
        folder.rmdir()
    is_private = any(not path.stat().st_mode & 0o077 for path in made.rglob("*") if path.is_file())
    made.chmod(0o700 if is_private else 0o755)
    made.replace(folder)
    sync_directory(folder.parent)

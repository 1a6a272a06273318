"""Model bundles on disk: a directory, or the same packed as a reproducible zip (`*.skerry`)."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Protocol

from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import (
    GATES,
    MANIFEST,
    Artifact,
    Manifest,
    Variant,
    artifacts,
    decode_manifest,
    encode_manifest,
)
from skerry_edge.foundation.atomic import write_atomic

__all__ = ["GATES", "MANIFEST", "Bundle", "artifact", "pack", "write_bundle"]

MAX_FILE_BYTES = 1 << 30
MAX_MANIFEST_BYTES = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
# All that `zipfile` raises for a file that somebody damaged or made up.
_DAMAGE = (zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError, struct.error)


class _Store(Protocol):
    """Where a bundle's files come from."""

    def size(self, name: str) -> int:
        """Return a file's size in bytes. Raises KeyError."""
        ...

    def read(self, name: str) -> bytes:
        """Return a file's bytes. Raises KeyError."""
        ...

    def names(self) -> Iterable[str]:
        """Return the names of all files that are there. Raises OSError."""
        ...


class _Directory:
    def __init__(self, root: Path) -> None:
        self._root = root

    def size(self, name: str) -> int:
        return self._path(name).stat().st_size

    def read(self, name: str) -> bytes:
        return self._path(name).read_bytes()

    def names(self) -> Iterable[str]:
        return (one.relative_to(self._root).as_posix() for one in self._root.rglob("*") if not one.is_dir())

    def _path(self, name: str) -> Path:
        path = self._root / name
        if not path.is_file() or not path.resolve().is_relative_to(self._root.resolve()):
            raise KeyError(name)
        return path


class _Zip:
    """A packed bundle; its files are stored, so that none of them can be larger than the archive itself."""

    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path)
        entries = self._archive.infolist()
        self._entries = {entry.filename: entry for entry in entries}
        if len(self._entries) != len(entries):
            raise zipfile.BadZipFile("two entries of the same name")

    def size(self, name: str) -> int:
        return self._entries[name].file_size

    def read(self, name: str) -> bytes:
        entry = self._entries[name]
        if entry.compress_type != zipfile.ZIP_STORED:
            raise zipfile.BadZipFile(f"'{name}' is compressed; a bundle's files are stored")
        return self._archive.read(entry)

    def names(self) -> Iterable[str]:
        return self._entries.keys()


class Bundle:
    """A model bundle opened for reading; every byte that leaves it has been checked against the manifest."""

    def __init__(self, path: Path, manifest: Manifest, store: _Store) -> None:
        self.path = path
        self.manifest = manifest
        self._store = store

    @classmethod
    def open(cls, path: Path) -> Bundle:
        """Open a bundle directory or `*.skerry` file. Raises BundleError where it is neither."""
        if not path.exists():
            raise BundleError("there is no model bundle here", where=str(path))
        if not (path.is_file() or path.is_dir()):
            raise BundleError("this is no model bundle", where=str(path), found="neither a file nor a directory")
        try:
            store: _Store = _Directory(path) if path.is_dir() else _Zip(path)
            raw = _read_bounded(store, MANIFEST, str(path), MAX_MANIFEST_BYTES)
        except _DAMAGE as error:
            raise BundleError("this is no model bundle", where=str(path), found=str(error)) from error
        return cls(path, decode_manifest(raw, where=f"{path}!{MANIFEST}"), store)

    def read(self, artifact: Artifact | Variant) -> bytes:
        """Return a file of the manifest after checking size and SHA-256. Raises BundleError."""
        where = f"{self.path}!{artifact.file}"
        try:
            data = _read_bounded(self._store, artifact.file, str(self.path), min(artifact.size, MAX_FILE_BYTES))
        except _DAMAGE as error:
            raise BundleError("a file of the bundle cannot be read", where=where, found=str(error)) from error
        digest = hashlib.sha256(data).hexdigest()
        if len(data) != artifact.size or digest != artifact.sha256:
            found = f"{len(data)} bytes, sha256 {digest[:12]}…"
            raise BundleError("a file of the bundle is not what its manifest says", where=where, found=found)
        return data

    def read_unlisted(self, name: Literal["manifest.json", "gates.json"]) -> bytes:
        """Return one of the two files whose hashes no manifest holds. Raises BundleError where it is not there."""
        try:
            return _read_bounded(self._store, name, str(self.path), MAX_FILE_BYTES)
        except _DAMAGE as error:
            where = f"{self.path}!{name}"
            raise BundleError("a file of the bundle cannot be read", where=where, found=str(error)) from error

    def strays(self) -> tuple[str, ...]:
        """Return the files that the manifest does not name, `gates.json` apart, in order. Raises BundleError."""
        known = {MANIFEST, GATES, *(one.file for one in artifacts(self.manifest))}
        try:
            return tuple(sorted(set(self._store.names()) - known))
        except OSError as error:
            raise BundleError("the bundle cannot be listed", where=str(self.path), found=error.strerror) from error

    def variant(self, name: str) -> Variant:
        """Return a variant by name. Raises BundleError naming those that exist."""
        try:
            return self.manifest.variants[name]
        except KeyError:
            raise BundleError(
                f"the bundle has no variant '{name}'",
                where=str(self.path),
                found=", ".join(sorted(self.manifest.variants)),
            ) from None


def _read_bounded(store: _Store, name: str, where: str, limit: int) -> bytes:
    try:
        size = store.size(name)
    except KeyError as error:
        raise BundleError(f"the bundle has no file '{name}'", where=where) from error
    if size > limit:
        found = f"{size} bytes, at most {limit} expected"
        raise BundleError("a file of the bundle is too large", where=f"{where}!{name}", found=found)
    return store.read(name)


def artifact(name: str, data: bytes) -> Artifact:
    """Describe ``data`` as the bundle's file ``name``."""
    return Artifact(file=name, size=len(data), sha256=hashlib.sha256(data).hexdigest())


def pack(manifest: Manifest, files: dict[str, bytes]) -> bytes:
    """Return the zip of a bundle: sorted names, one fixed date, stored, so that equal input gives equal bytes.

    Raises BundleError when ``files`` are not exactly those that the manifest names (`gates.json` may be added).
    """
    encoded = encode_manifest(manifest)
    wanted = {one.file: one for one in artifacts(manifest)}
    found = set(files) - {GATES}
    if found != set(wanted):
        difference = ", ".join(sorted(found ^ set(wanted)))
        raise BundleError("the files are not those that the manifest names", found=difference)
    for name, one in wanted.items():
        if artifact(name, files[name]) != Artifact(file=one.file, size=one.size, sha256=one.sha256):
            raise BundleError("a file is not what the manifest says", where=name)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted({MANIFEST: encoded, **files}.items()):
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # a Unix file, wherever it is packed
            archive.writestr(entry, data)
    return buffer.getvalue()


def write_bundle(path: Path, manifest: Manifest, files: dict[str, bytes]) -> None:
    """Write a `*.skerry` file; it is there whole or not at all. Raises BundleError and ReachError."""
    write_atomic(path, pack(manifest, files))

"""Model bundles on disk: a directory, or the same packed as a reproducible zip (`*.skerry`)."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Literal, Protocol

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

__all__ = ["GATES", "MANIFEST", "Bundle", "artifact", "pack", "pack_into", "write_bundle"]

MAX_FILE_BYTES = 1 << 30
MAX_MANIFEST_BYTES = 1 << 20
_BLOCK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
# All that `zipfile` raises for a file that somebody damaged or made up.
_DAMAGE = (zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError, struct.error)

Content = Callable[[IO[bytes]], object]
"""Writes the bytes of a file."""


class _Store(Protocol):
    """Where a bundle's files come from."""

    def size(self, name: str) -> int:
        """Return a file's size in bytes. Raises KeyError."""
        ...

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading. Raises KeyError."""
        ...

    def names(self) -> Iterable[str]:
        """Return the names of all files that are there. Raises OSError."""
        ...


class _Directory:
    def __init__(self, root: Path) -> None:
        self._root = root

    def size(self, name: str) -> int:
        return self._path(name).stat().st_size

    def open(self, name: str) -> IO[bytes]:
        return self._path(name).open("rb")

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

    def open(self, name: str) -> IO[bytes]:
        entry = self._entries[name]
        if entry.compress_type != zipfile.ZIP_STORED:
            raise zipfile.BadZipFile(f"'{name}' is compressed; a bundle's files are stored")
        return self._archive.open(entry)

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
        except _DAMAGE as error:
            raise BundleError("this is no model bundle", where=str(path), found=str(error)) from error
        raw = b"".join(_blocks(store, MANIFEST, str(path), MAX_MANIFEST_BYTES))
        return cls(path, decode_manifest(raw, where=f"{path}!{MANIFEST}"), store)

    def read(self, artifact: Artifact | Variant) -> bytes:
        """Return a file of the manifest after checking size and SHA-256. Raises BundleError."""
        buffer = io.BytesIO()
        self.copy(artifact, buffer)
        return buffer.getvalue()

    def copy(self, artifact: Artifact | Variant, into: IO[bytes]) -> None:
        """Write a file of the manifest to ``into`` piece by piece; what is there counts only when this returns.

        Raises BundleError where size or SHA-256 are not the manifest's, and what ``into`` raises.
        """
        where = f"{self.path}!{artifact.file}"
        digest, length = hashlib.sha256(), 0
        for block in _blocks(self._store, artifact.file, str(self.path), min(artifact.size, MAX_FILE_BYTES)):
            digest.update(block)
            length += len(block)
            into.write(block)
        if length != artifact.size or digest.hexdigest() != artifact.sha256:
            found = f"{length} bytes, sha256 {digest.hexdigest()[:12]}…"
            raise BundleError("a file of the bundle is not what its manifest says", where=where, found=found)

    def read_unlisted(self, name: Literal["manifest.json", "gates.json"]) -> bytes:
        """Return one of the two files whose hashes no manifest holds. Raises BundleError where it is not there."""
        return b"".join(_blocks(self._store, name, str(self.path), MAX_FILE_BYTES))

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


def _blocks(store: _Store, name: str, where: str, limit: int) -> Iterator[bytes]:
    """Yield a file's bytes. Raises BundleError where it is not there, too large or damaged."""
    try:
        size = store.size(name)
        if size > limit:
            found = f"{size} bytes, at most {limit} expected"
            raise BundleError("a file of the bundle is too large", where=f"{where}!{name}", found=found)
        with store.open(name) as file:
            while block := file.read(_BLOCK):
                yield block
    except KeyError as error:
        raise BundleError(f"the bundle has no file '{name}'", where=where) from error
    except _DAMAGE as error:
        raise BundleError("a file of the bundle cannot be read", where=f"{where}!{name}", found=str(error)) from error


def artifact(name: str, data: bytes) -> Artifact:
    """Describe ``data`` as the bundle's file ``name``."""
    return Artifact(file=name, size=len(data), sha256=hashlib.sha256(data).hexdigest())


def pack(manifest: Manifest, files: dict[str, bytes]) -> bytes:
    """Return the zip of a bundle: sorted names, one fixed date, stored, so that equal input gives equal bytes.

    Raises BundleError when ``files`` are not exactly those that the manifest names (`gates.json` may be added).
    """
    for one in artifacts(manifest):
        if one.file in files and artifact(one.file, files[one.file]) != _described(one):
            raise BundleError("a file is not what the manifest says", where=one.file)
    buffer = io.BytesIO()
    pack_into(buffer, manifest, {name: (len(data), _content(data)) for name, data in files.items()})
    return buffer.getvalue()


def _described(one: Artifact | Variant) -> Artifact:
    return Artifact(file=one.file, size=one.size, sha256=one.sha256)


def _content(data: bytes) -> Content:
    return lambda file: file.write(data)


def pack_into(file: IO[bytes], manifest: Manifest, files: Mapping[str, tuple[int, Content]]) -> None:
    """Write what `pack` returns, with each file given by its size in bytes and what writes it; that checks the hash.

    Raises BundleError when ``files`` are not exactly those that the manifest names (`gates.json` may be added).
    """
    wanted = {one.file for one in artifacts(manifest)}
    if (found := set(files) - {GATES}) != wanted:
        difference = ", ".join(sorted(found ^ wanted))
        raise BundleError("the files are not those that the manifest names", found=difference)
    encoded = encode_manifest(manifest)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, (size, content) in sorted({MANIFEST: (len(encoded), _content(encoded)), **files}.items()):
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # a Unix file, wherever it is packed
            entry.file_size = size
            with archive.open(entry, "w") as target:
                content(target)


def write_bundle(path: Path, manifest: Manifest, files: dict[str, bytes]) -> None:
    """Write a `*.skerry` file; it is there whole or not at all. Raises BundleError and ReachError."""
    write_atomic(path, pack(manifest, files))

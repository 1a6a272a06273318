"""A Darknet network of the catalogue brought into the cache: whole and checked, or not there for anybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TextIO

import msgspec

from skerry_edge.foundation.atomic import publish, write_atomic
from skerry_edge.foundation.cache import take_lock
from skerry_edge.foundation.errors import DataError, ReachError
from skerry_edge.foundation.file_hash import file_sha256
from skerry_edge.models.entries import CATALOGUE, DarknetEntry, Download, known_models
from skerry_edge.models.pulled import (
    FirstPull,
    ModelPlace,
    PullRecord,
    downloads,
    read_record,
    settled,
    write_record,
)
from skerry_edge.transfer.disk import DiskError
from skerry_edge.transfer.download import Progress, download
from skerry_edge.transfer.folder import copy
from skerry_edge.transfer.part_file import PartFile
from skerry_edge.transfer.patience import Patience
from skerry_edge.transfer.resumption import require_web_address
from skerry_edge.transfer.source import Source
from skerry_edge.transfer.verified import hash_brought

Mirror = str | Path
"""The address, or the folder, below which the files lie by the names that they have in the cache."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Errand:
    """A file to be brought to ``path`` from ``source``; its size and hash are those of ``wanted``.

    ``record`` is where the hash was noted at the first pull, None where it is the catalogue's or there is none yet.
    """

    path: Path
    wanted: Download
    source: Download | Path
    record: Path | None

    @property
    def where(self) -> str:
        """Its source in words."""
        return str(self.source) if isinstance(self.source, Path) else self.source.url


def parse_mirror(text: str) -> Mirror:
    """Return what ``text`` names: the address of a web server, or a folder. Raises ConfigError, ReachError."""
    if "://" in text:
        return require_web_address(text)
    folder = Path(text)
    if not (text and folder.is_dir()):
        raise ReachError("there is no such folder to take models from", where=text, todo="give a folder or an address")
    return folder


def pull(entry: DarknetEntry, *, mirror: Mirror | None, patience: Patience, progress: Progress) -> ModelPlace:
    """Bring all files of a network into the cache; those that are there and right are left alone.

    Raises ReachError where a server, mirror or the disk fails (what came so far is kept for the next time), and
    DataError where a file is another than it must be (nothing of it is kept).
    """
    place = ModelPlace(name=entry.name)
    with _locked(place, progress):
        for path, listed in downloads(place, entry).items():
            wanted = settled(listed, read_record(place).files.get(path.name))
            if wanted.sha256 is None or not path.is_file() or file_sha256(path) != wanted.sha256:
                progress.begin(path.name)
                source = _source(wanted, path.name, mirror)
                record = None if wanted == listed else place.record
                errand = _Errand(path=path, wanted=wanted, source=source, record=record)
                found = _bring(errand, PartFile(path), patience, progress)
                if wanted.sha256 is None:
                    _record_first(place, errand, found)
                _publish(path)
        if entry.cfg is None:
            write_atomic(place.cfg, CATALOGUE.with_name(place.cfg.name).read_bytes())
        labels = known_models().labels_of(entry)
        write_atomic(place.labels, "".join(f"{label}\n" for label in labels).encode())
    return place


def remove(entry: DarknetEntry) -> tuple[Path, ...]:
    """Remove a network's files and parts from the cache, and return the files; the record of the first pull stays.

    Raises ReachError.
    """
    place = ModelPlace(name=entry.name)
    if not place.folder.is_dir():
        return ()
    with _locked(place):
        files = tuple(path for path in (place.cfg, place.weights, place.labels) if path.is_file())
        try:
            for path in files:
                path.unlink()
            for path in (place.cfg, place.weights):
                PartFile(path).discard()
        except OSError as error:
            raise ReachError("cannot remove a pulled file", where=str(error.filename), found=error.strerror) from error
    return files


def _locked(place: ModelPlace, progress: Progress | None = None) -> TextIO:
    def waiting() -> None:
        if progress is not None:
            progress.note(f"another process is at work on {place.name}; waiting for it")

    try:
        return take_lock(place.lock, waiting)
    except OSError as error:
        raise ReachError(
            "there is no place for pulled models",
            where=str(place.folder),
            found=error.strerror,
            todo="check space and permissions, or set XDG_CACHE_HOME",
        ) from error


def _source(wanted: Download, name: str, mirror: Mirror | None) -> Download | Path:
    if mirror is None:
        return wanted
    if isinstance(mirror, Path):
        return mirror / name
    return msgspec.structs.replace(wanted, url=f"{mirror.rstrip('/')}/{name}")


def _bring(errand: _Errand, part: PartFile, patience: Patience, progress: Progress) -> str:
    """Make the part file whole and return its hash. Raises DataError, with the part removed, for another file."""

    def bring() -> None:
        if isinstance(errand.source, Path):
            copy(errand.source, part, progress, sizes=errand.wanted.sizes)
        else:
            _download(errand.source, part, patience, progress)

    found = hash_brought(bring, part, sha256=errand.wanted.sha256)
    if errand.wanted.sha256 not in (None, found):
        raise _another_file(errand, found)
    return found


def _download(wanted: Download, part: PartFile, patience: Patience, progress: Progress) -> None:
    try:
        download(Source(url=wanted.url, sizes=wanted.sizes), part, patience, progress)
    except DiskError:
        raise
    except ReachError as error:
        todo = f"{error.todo or 'take it from another place'}: --from names one"
        raise ReachError(error.what, where=error.where, found=error.found, todo=todo) from error


def _another_file(errand: _Errand, found: str) -> DataError:
    todo = "give another place with --from"
    if errand.record is not None:
        todo += f"; where its maker says that the file has changed, remove {errand.record} and pull again"
    return DataError(
        "the file is not the one that was pulled first" if errand.record else "the file is not the catalogue's",
        where=errand.where,
        found=f"sha256 {found} instead of {errand.wanted.sha256}; it was not kept",
        todo=todo,
    )


def _record_first(place: ModelPlace, errand: _Errand, sha256: str) -> None:
    first = FirstPull(
        source=errand.where,
        size=PartFile(errand.path).size(),
        sha256=sha256,
        pulled_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )
    write_record(place, PullRecord(files={**read_record(place).files, errand.path.name: first}))


def _publish(path: Path) -> None:
    part = PartFile(path)
    try:
        publish(part.path, path)
        part.forget_origin()
    except OSError as error:
        raise DiskError.of(part.path, error) from error

"""What was pulled: the files of a Darknet network in the cache, and the record of what they were the first time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct, field

from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.cache import cache_folder
from skerry_edge.foundation.errors import DataError, MissingError, ReachError
from skerry_edge.foundation.file_hash import file_sha256
from skerry_edge.models.entries import DarknetEntry, Download, FileSize, Sha256


class FirstPull(Struct, frozen=True, kw_only=True):
    """What a file was when it was first pulled, from which address or folder, and when (ISO 8601)."""

    source: str
    size: FileSize
    sha256: Sha256
    pulled_at: str


class PullRecord(Struct, frozen=True, kw_only=True):
    """The first pulls of a model's files, by file name. It outlives the files, so that they cannot change unseen."""

    files: Annotated[dict[str, FirstPull], Meta(max_length=10)] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelPlace:
    """Where a Darknet network of the catalogue lies in the cache; the three files have one stem, as Darknet's have."""

    name: str

    @property
    def folder(self) -> Path:
        """The folder of its files."""
        return cache_folder() / "models" / self.name

    @property
    def cfg(self) -> Path:
        """The network's description."""
        return self.folder / f"{self.name}.cfg"

    @property
    def weights(self) -> Path:
        """The network's weights."""
        return self.folder / f"{self.name}.weights"

    @property
    def labels(self) -> Path:
        """The class names, one a line."""
        return self.folder / f"{self.name}.names"

    @property
    def record(self) -> Path:
        """The record of the first pull."""
        return self.folder / "first-pull.json"

    @property
    def lock(self) -> Path:
        """The lock that one pull at a time holds."""
        return self.folder / "pull.lock"

    def is_pulled(self) -> bool:
        """Tell whether all files are there; their content is not looked at."""
        return all(path.is_file() for path in (self.cfg, self.weights, self.labels))


def downloads(place: ModelPlace, entry: DarknetEntry) -> dict[Path, Download]:
    """Return the files that come from elsewhere, by their places in the cache."""
    wanted = {place.cfg: entry.cfg, place.weights: entry.weights}
    return {path: one for path, one in wanted.items() if one is not None}


def read_record(place: ModelPlace) -> PullRecord:
    """Return the record, an empty one before the first pull. Raises DataError for a damaged one, ReachError."""
    try:
        return msgspec.json.decode(place.record.read_bytes(), type=PullRecord)
    except FileNotFoundError:
        return PullRecord()
    except OSError as error:
        raise ReachError(
            "cannot read the record of the first pull", where=str(place.record), found=error.strerror
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            "the record of the first pull is damaged",
            where=str(place.record),
            found=str(error)[:200],
            todo="remove it where you trust what you have, and pull again",
        ) from error


def write_record(place: ModelPlace, record: PullRecord) -> None:
    """Write the record. Raises ReachError."""
    write_atomic(place.record, msgspec.json.format(msgspec.json.encode(record)))


def pulled_files(entry: DarknetEntry) -> ModelPlace:
    """Return the place of a model whose files are there and are those that were pulled.

    Raises MissingError where it was not pulled, DataError where a file is another by now, ReachError.
    """
    place, name = ModelPlace(name=entry.name), entry.name
    if not place.is_pulled():
        raise MissingError(f"'{name}' has not been pulled", todo=f"run 'skerry models pull {name}'")
    record = read_record(place)
    for path, wanted in downloads(place, entry).items():
        found = file_sha256(path)
        if found != settled(wanted, record.files.get(path.name)).sha256:
            raise DataError(
                "the file is not what was pulled",
                where=str(path),
                found=f"sha256 {found}",
                todo=f"run 'skerry models pull {name}', which gets it again",
            )
    return place


def settled(wanted: Download, first: FirstPull | None) -> Download:
    """Return what a file must be: with the size and hash of its first pull where the catalogue gives no hash."""
    if wanted.sha256 is not None or first is None:
        return wanted
    return msgspec.structs.replace(wanted, sizes=(first.size,), sha256=first.sha256)

"""What a bundle was made from, as it records it: which files, in which roles, with which hashes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from skerry_converters.calibration.manifest import CalibrationRecord
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import Source
from skerry_edge.foundation.errors import ConfigError, DataError

CALIBRATION = "calibration data"
"""The role of what a network was calibrated with."""
_SHOWN = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Needed:
    """A file to be found: ``name`` is the path, with slashes, under which its reader looks for it."""

    name: str
    role: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NotFound:
    """A file whose content is not below ``root``; ``namesake`` has its name there, with another hash."""

    needed: Needed
    root: Path
    namesake: Path | None = None
    namesake_sha256: str | None = None

    def __str__(self) -> str:
        """Say what is expected, and what is there in its place."""
        named = f"{self.needed.role} '{self.needed.name}'"
        if self.namesake is None:
            return f"{named}: no file with sha256 {self.needed.sha256} below {self.root}"
        found = f"{self.namesake} has {self.namesake_sha256}"
        return f"{named} was changed: sha256 {self.needed.sha256} expected, {found}"


class InputsNotFoundError(DataError):
    """Files that a bundle was made from are missing, or are not what they were."""

    def __init__(self, missing: Sequence[NotFound], needed: int) -> None:
        shown = [str(one) for one in missing[:_SHOWN]]
        more = [f"and {len(missing) - _SHOWN} more"] if len(missing) > _SHOWN else []
        options = [
            option
            for option, is_data in (("--from", False), ("--calibration", True))
            if any((one.needed.role == CALIBRATION) is is_data for one in missing)
        ]
        super().__init__(
            f"{len(missing)} of the {needed} files that the bundle was made from cannot be found",
            found="; ".join([*shown, *more]),
            todo=f"give the folder that holds them as they were with {' and '.join(options)}",
        )
        self.missing = tuple(missing)


def source_files(source: Source, *, where: str) -> tuple[Needed, ...]:
    """Return the files of a bundle's source.

    Raises ConfigError for a bundle that does not record their roles, BundleError for names that cannot be.
    """
    if not source.files or set(source.roles) != set(source.files):
        raise ConfigError(
            "the bundle does not record enough to be made again",
            where=where,
            found="source files without a role",
            todo="it was made by an earlier version: convert its source again",
        )
    needed = (Needed(name=name, role=source.roles[name], sha256=digest) for name, digest in source.files.items())
    return tuple(_checked(needed, where))


def calibration_files(record: CalibrationRecord, *, where: str) -> tuple[Needed, ...]:
    """Return the files that a calibration manifest names, each once. Raises BundleError for names that cannot be."""
    needed = (Needed(name=item.name, role=CALIBRATION, sha256=item.sha256) for item in record.items)
    return tuple(_checked(dict.fromkeys(needed), where))


def _checked(needed: Iterable[Needed], where: str) -> Iterator[Needed]:
    """Refuse names that lead out of a folder: files are going to be put there by them."""
    for one in needed:
        path = PurePosixPath(one.name)
        if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in one.name:
            raise BundleError("a file's name leads out of its folder", where=where, found=repr(one.name[:200]))
        yield one

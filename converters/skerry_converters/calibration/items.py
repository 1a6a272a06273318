"""What calibration data consists of, and the seam that every kind of it is read through."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from skerry_edge.backends.base import Array
from skerry_edge.foundation.errors import DataError

Progress = Callable[[int, int], None]
"""Called with how many are done, and of how many."""

T = TypeVar("T")


class CalibrationError(DataError):
    """Calibration data that is damaged, or that the network cannot be calibrated with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One picture, frame, recording or row of an array.

    ``name`` is the file's path below what was opened, with slashes; ``index`` the place in a file of many.
    ``content_sha256`` is of this item alone. ``fingerprint`` tells pictures that look alike. ``samples`` says how many
    inputs of the network it gives. Raises CalibrationError for a name that is not UTF-8.
    """

    name: str
    file_sha256: str
    content_sha256: str
    index: int | None = None
    fingerprint: bytes | None = None
    samples: int = 1

    def __post_init__(self) -> None:
        """Refuse a name that no manifest can hold."""
        try:
            self.name.encode()
        except UnicodeEncodeError as error:
            raise CalibrationError(
                "the name of a file is not UTF-8, and cannot be recorded", found=repr(self.name), todo="rename it"
            ) from error

    @property
    def label(self) -> str:
        """The item's name in messages."""
        return self.name if self.index is None else f"{self.name}#{self.index}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One input before it is made to fit a tensor: a uint8 BGR picture, or real values without the batch axis."""

    item: Item
    value: Array


class Source(Protocol):
    """One kind of calibration data, opened; it holds no samples."""

    @property
    def kind(self) -> str:
        """What it is, for the manifest."""
        ...

    def survey(self, limit: int, seed: int, progress: Progress) -> tuple[tuple[Item, ...], int]:
        """Choose at most ``limit`` items, read each once, and return them and how many there were to choose from.

        Raises what reading raises: a damaged item is never left out silently.
        """
        ...

    def read(self, items: Sequence[Item]) -> Iterator[Sample]:
        """Yield the samples of ``items``, which are some of those of the survey in its order, one at a time."""
        ...


def rank(seed: int, name: str) -> bytes:
    """Return what decides an item's place in a random order; it depends on nothing but the seed and the name."""
    return hashlib.sha256(f"{seed}:{name}".encode(errors="surrogateescape")).digest()


def choose(candidates: Sequence[T], limit: int, seed: int, name: Callable[[T], str]) -> list[T]:
    """Return at most ``limit`` of ``candidates`` in a random order that another version of numpy does not change."""
    return sorted(candidates, key=lambda one: rank(seed, name(one)))[:limit]


def refuse_damaged(errors: Sequence[DataError], total: int) -> None:
    """Raise a CalibrationError that names the damaged files, if there are any."""
    if not errors:
        return
    shown = 5
    more = f"; and {len(errors) - shown} more" if len(errors) > shown else ""
    raise CalibrationError(
        f"{len(errors)} of {total} files cannot be used",
        found="; ".join(str(error) for error in errors[:shown]) + more,
        todo="repair or remove them: nothing that was given is left out silently",
    )

"""The log of a run: what was measured while training and on the validation, as JSON lines in one file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ReachError


class _Entry(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """When it was measured; ``minutes`` are those of training."""

    step: int
    images: int
    minutes: float


class TrainingEntry(_Entry, frozen=True, kw_only=True, tag="training"):
    """Means over the steps since the entry before; ``gradient`` is the norm of the gradients before it is clipped."""

    stage: int
    side_px: int
    learning_rate: float
    images_per_s: float
    coord: float
    object: float
    noobject: float
    classes: float
    anchors: float
    gradient: float

    @property
    def loss(self) -> float:
        """The whole loss."""
        return self.coord + self.object + self.noobject + self.classes + self.anchors


class ValidationEntry(_Entry, frozen=True, kw_only=True, tag="validation"):
    """The figures of `validation.Score`; None for what the pictures cannot tell."""

    ap50: float | None
    false_per_empty: float | None


Entry = TrainingEntry | ValidationEntry


class MetricsLog:
    """The file; every line is one entry."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(self) -> list[Entry]:
        """Return what was logged; a last line that a crash cut short is left out. Raises ReachError."""
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ReachError("cannot read the metrics", where=str(self._path), found=error.strerror) from error
        return list(_whole(raw.split(b"\n")[:-1]))

    def go_back(self, step: int) -> None:
        """Forget what was logged after ``step``: a run that goes on from there measures it again."""
        kept = [one for one in self.entries() if one.step <= step]
        write_atomic(self._path, b"".join(map(_line, kept)))

    def append(self, entry: Entry) -> None:
        """Add an entry. Raises ReachError."""
        try:
            with self._path.open("ab") as file:
                file.write(_line(entry))
        except OSError as error:
            raise ReachError(
                "cannot write the metrics", where=str(self._path), found=error.strerror, todo="check space"
            ) from error


def _whole(lines: list[bytes]) -> Iterator[Entry]:
    """Yield the entries up to the first line that is none: a crash of the machine leaves halves or zeros."""
    for line in lines:
        entry = _decoded(line)
        if entry is None:
            return
        yield entry


def _decoded(line: bytes) -> Entry | None:
    try:
        entry: Entry = msgspec.json.decode(line, type=Entry)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return entry


def _line(entry: Entry) -> bytes:
    return msgspec.json.encode(entry) + b"\n"

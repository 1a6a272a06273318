"""Where the word begins in a recording, by a file of Audacity labels beside it."""

from __future__ import annotations

import math
from pathlib import Path

from skerry_edge.bench.annotations.annotation import AnnotationError
from skerry_edge.foundation.errors import ReachError

SUFFIX = ".txt"
_MAX_BYTES = 65536
_SPECTRAL = "\\"
"""Begins a second line of a label, which gives its frequencies."""


def word_start_s(recording: Path) -> float | None:
    """Return the start of the one label in `NAME.txt` beside `NAME.wav`, in seconds; None where there is no such file.

    A line is start, end and text with tabs between, as Audacity exports labels. Raises AnnotationError for anything but
    one label, ReachError for a file that cannot be read.
    """
    path = recording.with_suffix(SUFFIX)
    if not path.exists():
        return None
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES)
    except OSError as error:
        raise ReachError("cannot read the labels", where=str(path), found=error.strerror) from error
    lines = [line for line in raw.decode("utf-8-sig", "replace").splitlines() if line.strip()]
    labels = [line for line in lines if not line.startswith(_SPECTRAL)]
    if len(labels) != 1:
        raise AnnotationError(
            "a recording has one label, where its word is", where=str(path), found=f"{len(labels)} labels"
        )
    return _start(labels[0], path)


def _start(line: str, path: Path) -> float:
    try:
        start_s, end_s = (float(field) for field in line.split("\t")[:2])
    except ValueError:
        start_s = end_s = math.nan
    if not 0 <= start_s <= end_s < math.inf:
        raise AnnotationError(
            "a label is a start and an end in seconds, and its text", where=str(path), found=repr(line[:80])
        )
    return start_s

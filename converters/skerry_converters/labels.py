"""Class names from a text file, one a line."""

from __future__ import annotations

from pathlib import Path

from skerry_edge.foundation.errors import ConfigError, DataError, ReachError

MAX_BYTES = 1_000_000


def read_labels(path: Path, classes: int) -> tuple[bytes, tuple[str, ...]]:
    """Return the file's bytes and its labels as `read_label_names` does.

    Raises ConfigError where there are not as many as ``classes``, and what `read_label_names` raises.
    """
    raw, labels = read_label_names(path)
    if len(labels) != classes:
        raise ConfigError(
            f"the network has {classes} classes and needs as many labels",
            where=str(path),
            found=f"{len(labels)} labels",
            todo="give the labels file that belongs to this network",
        )
    return raw, labels


def read_label_names(path: Path) -> tuple[bytes, tuple[str, ...]]:
    """Return the file's bytes and its labels; blank lines at the end are dropped.

    Raises ReachError, and DataError where it is no such text.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReachError(
            "cannot read the labels", where=str(path), found=error.strerror, todo="check the path"
        ) from error
    if len(raw) > MAX_BYTES:
        raise DataError("the labels file is too large to be one", where=str(path), found=f"over {MAX_BYTES} bytes")
    try:
        lines = [line.strip() for line in raw.decode("utf-8-sig").rstrip().splitlines()]
    except UnicodeDecodeError as error:
        raise DataError("the labels are not UTF-8 text", where=f"{path}, byte {error.start}") from error
    for number, line in enumerate(lines, start=1):
        if not line or not line.isprintable():
            raise DataError("a label is blank or not printable", where=f"{path}, line {number}", found=repr(line[:60]))
    return raw, tuple(lines)

"""YOLO annotations, Darknet's own format: one text file a picture, one line an object."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from skerry_edge.bench.annotations.annotation import Annotation, AnnotationError, Label
from skerry_edge.foundation.errors import ReachError

MAX_BYTES = 4_000_000


def read_yolo(path: Path, classes: Sequence[str]) -> Annotation:
    """Read lines of class number, centre x, centre y, width, height, the last four as shares of the picture.

    An empty file says that the picture shows none of the classes: that is how Darknet marks one. Raises ReachError
    where the file cannot be read, AnnotationError naming file and line.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReachError("cannot read the annotation", where=str(path), found=error.strerror) from error
    if len(raw) > MAX_BYTES:
        raise AnnotationError("the annotation file is too large", where=str(path), found=f"over {MAX_BYTES} bytes")
    try:
        lines = raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise AnnotationError("the annotation is not UTF-8 text", where=f"{path}, byte {error.start}") from error
    labels = tuple(
        _label(line, len(classes), f"{path}, line {number}") for number, line in enumerate(lines, 1) if line.strip()
    )
    return Annotation(where=str(path), labels=labels)


def _label(line: str, classes: int, where: str) -> Label:
    fields = line.split()
    try:
        class_id = int(fields[0])
        x, y, width, height = (float(field) for field in fields[1:])
    except ValueError as error:
        raise AnnotationError(
            "a line of a YOLO annotation is a class number and 4 shares", where=where, found=repr(line[:80])
        ) from error
    if not 0 <= class_id < classes:
        raise AnnotationError(
            "the label's class is none of the model's",
            where=where,
            found=f"class {class_id}, the model has 0 to {classes - 1}",
        )
    box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return Label(box=box, class_id=class_id, where=where)

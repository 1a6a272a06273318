"""Pascal VOC annotations: one XML file a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from skerry_edge.bench.annotations.annotation import Annotation, AnnotationError, Box, Label, class_id_of
from skerry_edge.foundation.errors import ReachError
from skerry_edge.vision.geometry import Size

MAX_BYTES = 4_000_000
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def read_voc(path: Path, classes: Sequence[str]) -> Annotation:
    """Read an XML file; one without objects says that the picture shows none of the classes.

    VOC counts pixels from 1 and its corners are pixels that belong to the object, so the box reaches from ``xmin - 1``
    to ``xmax``. Raises ReachError where the file cannot be read, AnnotationError naming file and object.
    """
    root = _parsed(path)
    size = Size(*(int(_number(root, f"size/{side}", str(path))) for side in ("width", "height")))
    if min(size) < 1:
        raise AnnotationError("the annotation gives its picture no size", where=str(path), found=f"{size}")
    objects = enumerate(root.findall("object"), start=1)
    labels = tuple(_label(one, classes, f"{path}, object {number}") for number, one in objects)
    return Annotation(where=str(path), labels=labels, declared=size)


def _parsed(path: Path) -> ET.Element:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReachError("cannot read the annotation", where=str(path), found=error.strerror) from error
    if not raw.strip():
        raise AnnotationError("the annotation file is empty", where=str(path), todo="label the picture, or remove it")
    if len(raw) > MAX_BYTES:
        raise AnnotationError("the annotation file is too large", where=str(path), found=f"over {MAX_BYTES} bytes")
    try:
        root = ET.fromstring(raw)  # noqa: S314  # bounded above, and expat refuses entities that blow up
    except (ET.ParseError, ValueError, LookupError) as error:
        raise AnnotationError("the annotation is not XML", where=str(path), found=str(error)) from error
    if root.tag != "annotation":
        raise AnnotationError("this is no VOC annotation", where=str(path), found=f"<{root.tag}>")
    return root


def _label(element: ET.Element, classes: Sequence[str], where: str) -> Label:
    name = (element.findtext("name") or "").strip()
    x_min, y_min, x_max, y_max = (_number(element, f"bndbox/{corner}", where) for corner in _CORNERS)
    box: Box = (x_min - 1, y_min - 1, x_max, y_max)
    return Label(
        box=box,
        class_id=class_id_of(name, classes, where=where),
        where=f"{where} ('{name}')",
        difficult=(element.findtext("difficult") or "0").strip() == "1",
    )


def _number(element: ET.Element, key: str, where: str) -> float:
    text = element.findtext(key)
    if text is None:
        raise AnnotationError(f"the annotation has no <{key}>", where=where)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise AnnotationError("the annotation holds what is no number", where=f"{where}, <{key}>", found=f"'{text}'")
    return value

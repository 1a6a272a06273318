"""COCO annotations: one JSON file for all pictures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from skerry_edge.bench.annotations.annotation import Annotation, AnnotationError, Label, class_id_of
from skerry_edge.foundation.errors import ReachError
from skerry_edge.vision.geometry import Size

MAX_BYTES = 1 << 30


class _Image(Struct, frozen=True):
    id: int
    file_name: str
    width: Annotated[int, Meta(ge=1)]
    height: Annotated[int, Meta(ge=1)]


class _Category(Struct, frozen=True):
    id: int
    name: str


class _Labelled(Struct, frozen=True):
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    id: int | None = None
    iscrowd: int = 0


class _Dataset(Struct, frozen=True):
    images: list[_Image]
    categories: list[_Category]
    annotations: list[_Labelled]


def read_coco(path: Path, classes: Sequence[str]) -> dict[str, Annotation]:
    """Read the bounding boxes of a JSON file: for each picture's ``file_name`` its annotation, in the file's order.

    Classes are found by their names. A category that the model does not know is an error only where an object has it.
    Raises ReachError where the file cannot be read, AnnotationError naming file and annotation.
    """
    dataset = _decoded(path)
    names = {category.id: category.name for category in dataset.categories}
    labels: dict[int, list[Label]] = defaultdict(list)
    for number, one in enumerate(dataset.annotations):
        where = f"{path}, annotation {number if one.id is None else one.id}"
        if one.category_id not in names:
            raise AnnotationError("an annotation is of no category", where=where, found=f"category {one.category_id}")
        left, top, width, height = one.bbox
        labels[one.image_id].append(
            Label(
                box=(left, top, left + width, top + height),
                class_id=class_id_of(names[one.category_id], classes, where=where),
                where=where,
                crowd=bool(one.iscrowd),
            )
        )
    _refuse_repeats([image.id for image in dataset.images], "two pictures have one id", path)
    _refuse_repeats([image.file_name for image in dataset.images], "a picture is listed twice", path)
    strays = labels.keys() - {image.id for image in dataset.images}
    if strays:
        raise AnnotationError("an annotation is of no picture", where=str(path), found=f"image {min(strays)}")
    return {
        image.file_name: Annotation(
            where=f"{path}, image {image.id} ('{image.file_name}')",
            labels=tuple(labels.get(image.id, ())),
            declared=Size(image.width, image.height),
        )
        for image in dataset.images
    }


def _refuse_repeats(keys: Sequence[object], what: str, path: Path) -> None:
    repeated = next((key for key, count in Counter(keys).items() if count > 1), None)
    if repeated is not None:
        raise AnnotationError(what, where=str(path), found=str(repeated))


def _decoded(path: Path) -> _Dataset:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReachError("cannot read the annotations", where=str(path), found=error.strerror) from error
    if len(raw) > MAX_BYTES:
        raise AnnotationError("the annotations file is too large", where=str(path), found=f"over {MAX_BYTES} bytes")
    try:
        return msgspec.json.decode(raw, type=_Dataset)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise AnnotationError("this is no COCO annotation file", where=str(path), found=str(error)) from error

"""What an annotation file says about one picture, and its check against that picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skerry_edge.bench.ground_truth import GroundTruth
from skerry_edge.foundation.errors import DataError
from skerry_edge.foundation.nearest import suggestion
from skerry_edge.vision.geometry import Size

Box = tuple[float, float, float, float]
_TOLERANCE_PX = 1.0
"""Tools round, and some count from 0 what others count from 1; beyond that a label lies outside its picture."""


class AnnotationError(DataError):
    """An annotation file that is missing, damaged, or does not fit its picture or the model's classes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """One labelled object: ``box`` is x_min, y_min, x_max, y_max in the annotation's unit, ``where`` its place."""

    box: Box
    class_id: int
    where: str
    difficult: bool = False
    crowd: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Annotation:
    """The labels of one picture; in pixels of a picture of size ``declared``, or in shares of it where that is None."""

    where: str
    labels: tuple[Label, ...]
    declared: Size | None = None

    def truth(self, size: Size) -> GroundTruth:
        """Return the labels in pixels of the picture, which is of ``size``, cut off at its edges.

        Raises AnnotationError where the file speaks of a picture of another size, or a label lies outside or has no
        area.
        """
        if self.declared is not None and self.declared != size:
            raise AnnotationError(
                "the annotation is of a picture of another size",
                where=self.where,
                found=f"{self.declared.width}x{self.declared.height}, the picture is {size.width}x{size.height}",
                todo="was the picture resized or rotated after it was labelled?",
            )
        boxes = [_inside(label, size, shares=self.declared is None) for label in self.labels]
        return GroundTruth(
            boxes_px=np.array(boxes, np.float64).reshape(-1, 4),
            class_ids=np.array([label.class_id for label in self.labels], np.int64),
            difficult=np.array([label.difficult for label in self.labels], np.bool_),
            crowd=np.array([label.crowd for label in self.labels], np.bool_),
        )


def class_id_of(name: str, classes: Sequence[str], *, where: str) -> int:
    """Return the index of a class's name. Raises AnnotationError naming the nearest class."""
    if name in classes:
        return classes.index(name)
    todo = suggestion(name, classes, otherwise=f"the model knows: {_listed(classes)}")
    raise AnnotationError("the label's class is none of the model's", where=where, found=f"'{name}'", todo=todo)


def _listed(classes: Sequence[str]) -> str:
    shown = 30
    more = f" and {len(classes) - shown} more" if len(classes) > shown else ""
    return ", ".join(classes[:shown]) + more


def _inside(label: Label, size: Size, *, shares: bool) -> Box:
    x_factor, y_factor = size if shares else (1, 1)
    x_min, y_min, x_max, y_max = label.box
    box = (x_min * x_factor, y_min * y_factor, x_max * x_factor, y_max * y_factor)
    # Written so that a corner that is no number is outside, too.
    lowest, highest = (-_TOLERANCE_PX,) * 2, (size.width + _TOLERANCE_PX, size.height + _TOLERANCE_PX)
    within = all(low <= corner <= high for low, corner, high in zip(lowest * 2, box, highest * 2, strict=True))
    if not within or box[0] >= box[2] or box[1] >= box[3]:
        raise AnnotationError(
            "a label lies outside its picture" if not within else "a label has no area",
            where=label.where,
            found=f"x {box[0]:g} to {box[2]:g}, y {box[1]:g} to {box[3]:g} in {size.width}x{size.height} pixels",
            todo="correct or remove the label",
        )
    return (max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(size.width)), min(box[3], float(size.height)))

"""A person's own labelled pictures as training samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from skerry_converters.training.samples import Sample
from skerry_edge.bench.annotations.dataset import LabelledPicture
from skerry_edge.foundation.errors import DataError
from skerry_edge.vision.geometry import Size
from skerry_edge.vision.images import read_image

_ORDER, _SPLIT = 3, 4
"""Set the draws of the order and of the split apart from all others that one seed gives."""
_ANY_SIZE = Size(1000, 1000)


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledPictures:
    """Pictures of a data set, each round in an order of its own."""

    pictures: tuple[LabelledPicture, ...]
    seed: int

    @property
    def length(self) -> int | None:
        """How many there are."""
        return len(self.pictures)

    def sample(self, number: int) -> Sample:
        """Read a picture and its labels. Raises ReachError, ImageError and AnnotationError naming the file."""
        number_of_round, place = divmod(number, len(self.pictures))
        picture = self.pictures[int(_order(self.seed, number_of_round, len(self.pictures))[place])]
        pixels = read_image(picture.path)
        height, width = pixels.shape[:2]
        truth = picture.annotation.truth(Size(width, height))
        return Sample(
            pixels=pixels,
            boxes_px=truth.boxes_px.astype(np.float32),
            class_ids=truth.class_ids.astype(np.int32),
            counts=truth.counted,
        )


@lru_cache(maxsize=2)
def _order(seed: int, number_of_round: int, count: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, _ORDER, number_of_round]).permutation(count)


def set_aside(
    pictures: Sequence[LabelledPicture], share: float, *, seed: int, where: str
) -> tuple[tuple[LabelledPicture, ...], tuple[LabelledPicture, ...]]:
    """Return the pictures to train on and a share of them, at least one, to validate on; both sorted by name.

    Raises DataError for a single picture.
    """
    if len(pictures) < 2:
        raise DataError(
            "one picture cannot be both trained and validated on", where=where, todo="add pictures to the folder"
        )
    count = min(len(pictures) - 1, max(1, round(share * len(pictures))))
    chosen = set(np.random.default_rng([seed, _SPLIT]).permutation(len(pictures))[:count].tolist())
    kept = tuple(one for number, one in enumerate(pictures) if number not in chosen)
    return kept, tuple(one for number, one in enumerate(pictures) if number in chosen)


def check_labels(pictures: Sequence[LabelledPicture]) -> int:
    """Return how many objects are labelled, having seen that each label lies inside its picture.

    No picture is opened: its size is what the annotation says. Raises AnnotationError naming file and label.
    """
    return sum(len(one.annotation.truth(one.annotation.declared or _ANY_SIZE)) for one in pictures)

"""Batches for training: pictures from memory, each use of one different from the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skerry_converters.training.augmentation import augmented
from skerry_converters.training.config import AugmentationPart
from skerry_converters.training.replay import ReplayPlan
from skerry_converters.training.samples import Sample
from skerry_converters.training.schedule import Moment, Position

_BATCHES = 2
"""Sets the draws of batches apart from all others that one seed gives."""
_ROOM = 8
"""Rows for objects are added in steps of so many, so that few different shapes occur."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Batch:
    """Pictures uint8 (batch, side, side, 3), red green blue, and their objects as `Truth` describes them."""

    images: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    class_ids: NDArray[np.int32]
    counts: NDArray[np.bool_]


class Feed(Protocol):
    """Gives samples one after the other."""

    def next(self) -> Sample:
        """Return the next one."""
        ...


class Batches:
    """Draws batches; the same position of the same run gives the same batch.

    ``feed`` must give the samples from number ``plan.window(images).start`` on, for the ``images`` of the first batch.
    """

    def __init__(self, feed: Feed, plan: ReplayPlan, augmentation: AugmentationPart, *, seed: int) -> None:
        self._feed = feed
        self._plan = plan
        self._augmentation = augmentation
        self._seed = seed
        self._held: dict[int, Sample] = {}
        self._next: int | None = None

    def missing(self, position: Position) -> int:
        """Return how many samples must still come before the batch at ``position``."""
        window = self._plan.window(position.images)
        return window.stop - (window.start if self._next is None else self._next)

    def take_one(self, position: Position) -> None:
        """Wait for the next sample that the batch at ``position`` needs."""
        window = self._plan.window(position.images)
        number = window.start if self._next is None else self._next
        self._held[number % self._plan.places] = self._feed.next()
        self._next = number + 1

    def batch(self, position: Position, moment: Moment) -> Batch:
        """Return the batch at ``position``, waiting for the samples that are missing."""
        while self.missing(position):
            self.take_one(position)
        window = self._plan.window(position.images)
        random = np.random.default_rng([self._seed, _BATCHES, position.step])
        made = []
        for _ in range(moment.stage.batch):
            together = 4 if random.random() < self._augmentation.mosaic else 1
            numbers = random.integers(window.start, window.stop, together)
            chosen = [self._held[number % self._plan.places] for number in numbers.tolist()]
            made.append(augmented(chosen, moment.stage.side_px, moment.stage.zoom, self._augmentation, random))
        return collated(made)

    def held(self) -> list[Sample]:
        """Return the samples in memory."""
        return list(self._held.values())


def collated(samples: list[Sample]) -> Batch:
    """Return samples of one square size as a batch."""
    most = max(len(one.class_ids) for one in samples)
    rows = -(-max(most, 1) // _ROOM) * _ROOM
    side = samples[0].pixels.shape[0]
    return Batch(
        images=np.stack([one.pixels[..., ::-1] for one in samples]),
        boxes=_padded([_shares(one.boxes_px, side) for one in samples], (rows, 4), np.float32),
        class_ids=_padded([one.class_ids for one in samples], (rows,), np.int32),
        counts=_padded([one.counts for one in samples], (rows,), np.bool_),
    )


def _shares(boxes_px: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return corners in pixels as centre and size in shares of the picture."""
    corners = boxes_px / np.float32(side)
    shares: NDArray[np.float32] = np.concatenate(
        [(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], axis=1
    )
    return shares


def _padded(arrays: list[NDArray[Any]], shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    padded = np.zeros((len(arrays), *shape), dtype)
    for row, array in zip(padded, arrays, strict=True):
        row[: len(array)] = array
    return padded

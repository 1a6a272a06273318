"""A tracker after ByteTrack: good boxes find their objects first, doubtful ones keep objects that are there.

Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV 2022. Other than there, all
times are seconds and not frames, so that it works at any rate and with gaps, and only boxes of one class are paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skerry_edge.vision.tracking.assignment import best_pairs
from skerry_edge.vision.tracking.motion import Four, Motion

DOUBTFUL_IOU = 0.5
"""A doubtful box must lie this well on an object's expected place; ByteTrack's threshold of its second association."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """One detection: x_min, y_min, x_max, y_max as shares of the picture, so that its size in pixels may change.

    One that ``is_good`` may begin an object; a doubtful one only keeps an object that is there.
    """

    edges: Four
    class_id: int
    score: float
    is_good: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Track:
    """One object: ``number`` rises with each new one and is never given again.

    ``box`` is where it was seen last, at ``seen_s``; ``best_score`` is that of its best box so far. It ``is_in_sight``
    when the newest picture shows it.
    """

    number: int
    class_id: int
    box: Box
    best_score: float
    began_s: float
    seen_s: float
    is_in_sight: bool
    motion: Motion


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """A box must overlap the expected place by ``min_iou``; an object unseen for more than ``lost_after_s`` is gone."""

    min_iou: float
    lost_after_s: float


class Tracker:
    """Follows objects from picture to picture."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._tracks: list[Track] = []
        self._last_number = 0

    @property
    def tracks(self) -> Sequence[Track]:
        """The objects that are there, those included that are out of sight for less than ``lost_after_s``."""
        return self._tracks

    def update(self, boxes: Sequence[Box], now_s: float) -> Sequence[Track]:
        """Take one picture's boxes and return the objects that are there; ``now_s`` never falls."""
        there = (one for one in self._tracks if now_s - one.seen_s <= self._rules.lost_after_s)
        tracks = [replace(one, is_in_sight=False) for one in there]
        good = [one for one in boxes if one.is_good]
        doubtful = [one for one in boxes if not one.is_good]
        tracks, left = _associate(tracks, good, self._rules.min_iou, now_s)
        tracks, _ = _associate(tracks, doubtful, max(DOUBTFUL_IOU, self._rules.min_iou), now_s)
        self._tracks = tracks + [self._begin(one, now_s) for one in left]
        return self._tracks

    def forget(self) -> None:
        """Take whatever is seen next for new objects."""
        self._tracks = []

    def _begin(self, box: Box, now_s: float) -> Track:
        self._last_number += 1
        return Track(
            number=self._last_number,
            class_id=box.class_id,
            box=box,
            best_score=box.score,
            began_s=now_s,
            seen_s=now_s,
            is_in_sight=True,
            motion=Motion.begin(box.edges, now_s),
        )


def _associate(tracks: list[Track], boxes: list[Box], min_iou: float, now_s: float) -> tuple[list[Track], list[Box]]:
    """Give boxes to those of ``tracks`` that this picture has not shown yet; return all tracks and the boxes left."""
    free = [index for index, one in enumerate(tracks) if not one.is_in_sight]
    if not free or not boxes:
        return tracks, boxes
    expected = np.array([tracks[index].motion.expected_box(now_s) for index in free])
    overlaps = iou_of_all(expected, np.array([one.edges for one in boxes]))
    is_same_class = np.equal.outer([tracks[index].class_id for index in free], [one.class_id for one in boxes])
    pairs = best_pairs(np.where(is_same_class & (overlaps >= min_iou), overlaps, 0.0))
    after = list(tracks)
    for row, column in pairs:
        after[free[row]] = _seen(tracks[free[row]], boxes[column], now_s)
    taken = {column for _, column in pairs}
    return after, [box for column, box in enumerate(boxes) if column not in taken]


def _seen(track: Track, box: Box, now_s: float) -> Track:
    best_score = max(track.best_score, box.score)
    motion = track.motion.seen(box.edges, now_s)
    return replace(track, box=box, best_score=best_score, seen_s=now_s, is_in_sight=True, motion=motion)


def iou_of_all(some: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the intersection over union of each of ``some`` (n, 4) with each of ``others`` (m, 4) as (n, m)."""
    low = np.maximum(some[:, None, :2], others[None, :, :2])
    high = np.minimum(some[:, None, 2:], others[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=2)
    areas = [np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0.0), axis=1) for boxes in (some, others)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    overlaps: NDArray[np.float64] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return overlaps

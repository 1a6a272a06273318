"""What a detector does at the threshold that a device uses: found, missed, false, confused, and the worst pictures."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from skerry_edge.bench.evaluation.detection.figures import AlarmFigures, Confusion, ThresholdFigures
from skerry_edge.bench.evaluation.detection.labelled import CheckedPicture
from skerry_edge.bench.ground_truth import GroundTruth
from skerry_edge.bench.intervals import poisson_bounds
from skerry_edge.bench.matching import MATCH_IOU, PictureMatch, above, match_picture
from skerry_edge.bench.overlap import iou_matrix
from skerry_edge.vision.detections import Detections

WORST_PICTURES = 9
_MOST_CONFUSIONS = 20
Kind = Literal["found", "missed", "false"]


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedBox:
    """A box in pixels of its picture (x_min, y_min, x_max, y_max); ``score`` is None for an object that was missed."""

    kind: Kind
    class_id: int
    box_px: tuple[float, float, float, float]
    score: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedPicture:
    """A picture with all boxes that count."""

    picture: CheckedPicture
    boxes: tuple[JudgedBox, ...]

    def count(self, kind: Kind) -> int:
        """Return how many boxes are of a kind."""
        return sum(one.kind == kind for one in self.boxes)


class OperatingMeter:
    """Counts picture after picture; keeps the boxes of the worst ones only."""

    def __init__(self, labels: tuple[str, ...], threshold: float) -> None:
        self._labels = labels
        self._threshold = threshold
        self._found = self._missed = self._false = 0
        self._empty = self._alarms = 0
        self._confused: Counter[tuple[int, int]] = Counter()
        self._worst: list[tuple[int, int, JudgedPicture]] = []
        self._seen = 0

    def add(self, picture: CheckedPicture, detections: Detections) -> None:
        """Take one picture with its detections, those below the threshold among them."""
        shown, truth = above(detections, self._threshold), picture.truth
        match = match_picture(shown, truth)
        self._found += int(match.found.sum())
        self._missed += int((truth.counted & ~match.found).sum())
        self._false += int((match.counts & ~match.hits).sum())
        if not len(truth):
            self._empty += 1
            self._alarms += len(shown)
        self._confused.update(_confused(shown, truth, match))
        self._keep(picture, shown, match)

    def at_threshold(self) -> ThresholdFigures:
        """Return the counts, with recall and precision."""
        objects, detections = self._found + self._missed, self._found + self._false
        return ThresholdFigures(
            found=self._found,
            missed=self._missed,
            false=self._false,
            recall=self._found / objects if objects else None,
            precision=self._found / detections if detections else None,
        )

    def false_alarms(self) -> AlarmFigures | None:
        """Return what was detected where nothing is, or None where every picture has an object."""
        if not self._empty:
            return None
        bounds = poisson_bounds(self._alarms)
        return AlarmFigures(
            images=self._empty,
            detections=self._alarms,
            per_image=self._alarms / self._empty,
            low=bounds.low / self._empty,
            high=bounds.high / self._empty,
        )

    def confusions(self) -> tuple[Confusion, ...]:
        """Return the classes that are taken for each other, the most frequent first."""
        return tuple(
            Confusion(object=self._labels[really], taken_for=self._labels[said], count=count)
            for (really, said), count in self._confused.most_common(_MOST_CONFUSIONS)
        )

    def worst(self) -> tuple[JudgedPicture, ...]:
        """Return the pictures with the most missed and false boxes, the worst first, equal ones in their order."""
        return tuple(picture for _, _, picture in sorted(self._worst, key=lambda one: one[:2], reverse=True))

    def _keep(self, picture: CheckedPicture, shown: Detections, match: PictureMatch) -> None:
        self._seen += 1
        judged = JudgedPicture(picture=picture, boxes=_judged(shown, picture.truth, match))
        faults = judged.count("missed") + judged.count("false")
        if faults:
            push = heapq.heappush if len(self._worst) < WORST_PICTURES else heapq.heappushpop
            push(self._worst, (faults, -self._seen, judged))


def _confused(shown: Detections, truth: GroundTruth, match: PictureMatch) -> list[tuple[int, int]]:
    """Return real and detected class of each false detection that lies on an object of another class."""
    wrong = np.flatnonzero(match.counts & ~match.hits)
    really = np.flatnonzero(truth.counted)
    if not len(wrong) or not len(really):
        return []
    overlaps = iou_matrix(shown.boxes_px[wrong], truth.boxes_px[really])
    said, actual = shown.class_ids[wrong], truth.class_ids[really][overlaps.argmax(axis=1)]
    on_another = (overlaps.max(axis=1) >= MATCH_IOU) & (said != actual)
    return list(zip(actual[on_another].tolist(), said[on_another].tolist(), strict=True))


def _judged(shown: Detections, truth: GroundTruth, match: PictureMatch) -> tuple[JudgedBox, ...]:
    detected = zip(shown.boxes_px, shown.class_ids, shown.scores, match.hits, match.counts, strict=True)
    boxes = [
        JudgedBox(kind="found" if hit else "false", class_id=int(class_id), box_px=_corners(box), score=float(score))
        for box, class_id, score, hit, counts in detected
        if counts
    ]
    missed = truth.counted & ~match.found
    rows = zip(truth.boxes_px[missed], truth.class_ids[missed], strict=True)
    boxes += [JudgedBox(kind="missed", class_id=int(class_id), box_px=_corners(box)) for box, class_id in rows]
    return tuple(boxes)


def _corners(box: np.ndarray) -> tuple[float, float, float, float]:
    x_min, y_min, x_max, y_max = (float(edge) for edge in box)
    return x_min, y_min, x_max, y_max

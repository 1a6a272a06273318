"""Decoded boxes of source and variant held against each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from skerry_edge.bench.matching import above, chosen
from skerry_edge.bench.overlap import iou_matrix
from skerry_edge.vision.detections import Detections

MATCH_IOU = 0.5


class BoxFigures(Struct, frozen=True, kw_only=True):
    """Boxes above ``threshold`` in all pictures, and how many of the source's the variant has, too.

    ``faded`` of those without a match do have one below the threshold. Score differences are the variant's score minus
    the source's, over matched boxes; None where there are none.
    """

    threshold: float
    source_boxes: int
    variant_boxes: int
    matched: int
    faded: int
    mean_score_difference: float | None
    largest_score_difference: float | None
    mean_iou: float | None

    @property
    def matched_share(self) -> float:
        """The share of the source's boxes that the variant has, 0..1; 1 where the source has none."""
        return self.matched / self.source_boxes if self.source_boxes else 1.0

    @property
    def invented_share(self) -> float:
        """The share of the variant's boxes that the source does not have, 0..1."""
        return 1 - self.matched / self.variant_boxes if self.variant_boxes else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """Matched boxes: places in the one's and the other's rows, and the IoU of each pair."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    iou: NDArray[np.float64]


def pair(first: Detections, second: Detections) -> Pairs:
    """Match boxes of one class with an IoU of at least 0.5, each at most once, closest pairs first."""
    overlaps = iou_matrix(first.boxes_px, second.boxes_px)
    overlaps[first.class_ids[:, np.newaxis] != second.class_ids] = 0
    rows, columns = np.nonzero(overlaps >= MATCH_IOU)
    iou = overlaps[rows, columns]
    taken: list[int] = []
    free_rows, free_columns = np.ones(len(first), np.bool_), np.ones(len(second), np.bool_)
    for place in np.argsort(-iou, kind="stable"):
        if free_rows[rows[place]] and free_columns[columns[place]]:
            free_rows[rows[place]] = free_columns[columns[place]] = False
            taken.append(int(place))
    return Pairs(first=rows[taken], second=columns[taken], iou=iou[taken])


class BoxMeter:
    """Counts picture after picture; ``threshold`` is the one that the device uses."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._source = self._variant = self._matched = self._faded = 0
        self._differences = self._overlaps = 0.0
        self._largest = 0.0

    def add(self, source: Detections, variant: Detections) -> int:
        """Take one picture's detections, those below the threshold among them; return how many boxes differ."""
        wanted, shown = above(source, self._threshold), above(variant, self._threshold)
        pairs = pair(wanted, shown)
        matched = len(pairs.first)
        self._source += len(wanted)
        self._variant += len(shown)
        self._matched += matched
        self._faded += _faded(wanted, variant, pairs)
        differences = shown.scores[pairs.second].astype(np.float64) - wanted.scores[pairs.first]
        self._differences += float(differences.sum())
        self._overlaps += float(pairs.iou.sum())
        if matched:
            extreme = float(differences[np.abs(differences).argmax()])
            self._largest = max(self._largest, extreme, key=abs)
        return len(wanted) + len(shown) - 2 * matched

    def figures(self) -> BoxFigures:
        """Return what was counted so far."""
        some = self._matched > 0
        return BoxFigures(
            threshold=self._threshold,
            source_boxes=self._source,
            variant_boxes=self._variant,
            matched=self._matched,
            faded=self._faded,
            mean_score_difference=self._differences / self._matched if some else None,
            largest_score_difference=self._largest if some else None,
            mean_iou=self._overlaps / self._matched if some else None,
        )


def _faded(wanted: Detections, variant: Detections, pairs: Pairs) -> int:
    """Return how many of the boxes without a match have one among all that the variant's decoder gave."""
    left = np.ones(len(wanted), np.bool_)
    left[pairs.first] = False
    return len(pair(chosen(wanted, left), variant).first)

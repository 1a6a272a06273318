"""Detections held against the truth by Pascal VOC's rules, picture by picture; the boxes need not be kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skerry_edge.bench.ground_truth import GroundTruth
from skerry_edge.bench.overlap import iou_matrix
from skerry_edge.vision.detections import Detections


@dataclass(frozen=True, kw_only=True, slots=True)
class Matches:
    """Every detection that counts, of all pictures: its picture, class, score, and whether it found an object.

    The four arrays are (d,). ``positives`` is int64 (pictures, classes): how many objects were there to be found.
    """

    image_ids: NDArray[np.int64]
    class_ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    hits: NDArray[np.bool_]
    positives: NDArray[np.int64]

    @property
    def images(self) -> int:
        """How many pictures were matched."""
        return len(self.positives)

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.positives.shape[1])


class Matcher:
    """Collects the matches of pictures one after another; holds about 25 bytes a detection and no box.

    The rules are those of the VOC development kit (`VOCevaldet.m`): a detection is held against the object of its class
    and picture that it overlaps most; where that IoU is at least ``iou`` it has found the object, unless one with a
    better score had found it before; what falls on an object that does not count is left out.
    """

    def __init__(self, classes: int, *, iou: float = 0.5) -> None:
        self._classes = classes
        self._iou = iou
        self._found: list[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]] = []
        self._positives: list[NDArray[np.int64]] = []

    def add(self, detections: Detections, truth: GroundTruth) -> None:
        """Match one picture."""
        order = np.argsort(-detections.scores, kind="stable")
        class_ids = detections.class_ids[order]
        hits, counts = _hits(detections.boxes_px[order], class_ids, truth, self._iou)
        scores = detections.scores[order].astype(np.float64)
        self._found.append((class_ids[counts], scores[counts], hits[counts]))
        self._positives.append(np.bincount(truth.class_ids[truth.counted], minlength=self._classes))

    def matches(self) -> Matches:
        """Return what was collected so far, pictures in the order in which they were added."""
        lengths = [len(class_ids) for class_ids, _, _ in self._found]
        # The empty arrays give the types where there is no picture yet.
        return Matches(
            image_ids=np.repeat(np.arange(len(lengths)), lengths),
            class_ids=np.concatenate([np.empty(0, np.int64), *(one[0] for one in self._found)]),
            scores=np.concatenate([np.empty(0, np.float64), *(one[1] for one in self._found)]),
            hits=np.concatenate([np.empty(0, np.bool_), *(one[2] for one in self._found)]),
            positives=np.array(self._positives, np.int64).reshape(-1, self._classes),
        )


def _hits(
    boxes: NDArray[np.float32], class_ids: NDArray[np.int64], truth: GroundTruth, iou: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return for detections in order of their scores whether each found an object, and whether it counts at all."""
    nobody = np.zeros(len(boxes), np.bool_)
    if not len(truth) or not len(boxes):
        return nobody, ~nobody
    overlaps = np.where(class_ids[:, np.newaxis] == truth.class_ids, iou_matrix(boxes, truth.boxes_px), -1.0)
    nearest = overlaps.argmax(axis=1)
    close = overlaps[np.arange(len(boxes)), nearest] >= iou
    counts = ~close | truth.counted[nearest]
    claims = np.flatnonzero(close)
    _, first = np.unique(nearest[claims], return_index=True)
    hits = nobody
    hits[claims[first]] = True
    return hits, counts

"""Detections held against the truth by Pascal VOC's rules, picture by picture; the boxes need not be kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skerry_edge.bench.ground_truth import GroundTruth
from skerry_edge.bench.overlap import iou_matrix
from skerry_edge.vision.detections import Detections

MATCH_IOU = 0.5
"""From this overlap on, an object counts as found (VOC)."""
LOW_SCORE = 0.005
"""Average precision is taken over all detections down to this score, as Darknet's `detector valid` does."""
NO_OBJECT = -1


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


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureMatch:
    """One picture's detections, in their own order, and labels held against each other.

    ``objects`` is int64 (n,): the label that a detection falls on, -1 where it falls on none. ``hits`` (n,) marks the
    detections that found an object, ``counts`` (n,) those that are right or wrong at all, ``found`` (m,) the labels
    that count and were found.
    """

    objects: NDArray[np.int64]
    hits: NDArray[np.bool_]
    counts: NDArray[np.bool_]
    found: NDArray[np.bool_]


class Matcher:
    """Collects the matches of pictures one after another; holds about 25 bytes a detection and no box."""

    def __init__(self, classes: int, *, iou: float = MATCH_IOU) -> None:
        self._classes = classes
        self._iou = iou
        self._found: list[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]] = []
        self._positives: list[NDArray[np.int64]] = []

    def add(self, detections: Detections, truth: GroundTruth) -> None:
        """Match one picture."""
        match = match_picture(detections, truth, iou=self._iou)
        order = np.argsort(-detections.scores, kind="stable")
        order = order[match.counts[order]]
        self._found.append(
            (detections.class_ids[order], detections.scores[order].astype(np.float64), match.hits[order])
        )
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


def match_picture(detections: Detections, truth: GroundTruth, *, iou: float = MATCH_IOU) -> PictureMatch:
    """Match one picture by the rules of the VOC development kit (`VOCevaldet.m`).

    A detection is held against the object of its class that it overlaps most; where that IoU is at least ``iou`` it has
    found the object, unless one with a better score had found it before; what falls on an object that does not count is
    left out.
    """
    objects = np.full(len(detections), NO_OBJECT, np.int64)
    hits = np.zeros(len(detections), np.bool_)
    found = np.zeros(len(truth), np.bool_)
    if len(truth) and len(detections):
        same = detections.class_ids[:, np.newaxis] == truth.class_ids
        overlaps = np.where(same, iou_matrix(detections.boxes_px, truth.boxes_px), -1.0)
        nearest = overlaps.argmax(axis=1)
        objects = np.where(overlaps.max(axis=1) >= iou, nearest, NO_OBJECT)
        order = np.argsort(-detections.scores, kind="stable")
        claims = order[objects[order] != NO_OBJECT]
        claimed, first = np.unique(objects[claims], return_index=True)
        hits[claims[first]] = truth.counted[claimed]
        found[claimed] = truth.counted[claimed]
    # The last place, which -1 means, stands for detections on no object, which count.
    counts = np.append(truth.counted, True)[objects]
    return PictureMatch(objects=objects, hits=hits, counts=counts, found=found)


def above(detections: Detections, threshold: float) -> Detections:
    """Return the detections with a score above ``threshold``.

    Of what a decoder found at a lower threshold these are the ones that it finds at this one: suppression only ever
    lets a better score drop a worse one.
    """
    return chosen(detections, detections.scores > np.float32(threshold))


def chosen(detections: Detections, kept: NDArray[np.bool_]) -> Detections:
    """Return the detections that ``kept`` (n,) marks."""
    return Detections(
        boxes_px=detections.boxes_px[kept], scores=detections.scores[kept], class_ids=detections.class_ids[kept]
    )

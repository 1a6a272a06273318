"""Average precision by the rules of Pascal VOC: 11-point and every-point, and how sure a difference of two is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from skerry_edge.bench.intervals import CONFIDENCE, Bounds
from skerry_edge.bench.matching import Matches

Rule = Literal["11-point", "every-point"]
RESAMPLES = 1000
_CELLS = 4_000_000
"""Resampled detections worked on at once: bounds memory to some tens of megabytes."""

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """Precision and recall of one class with every detection down to ``scores[i]`` taken; three float64 (d,)."""

    scores: Shares
    recall: Shares
    precision: Shares


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A difference of two mean average precisions and its bootstrap interval, all as shares (0.01 is one point)."""

    difference: float
    low: float
    high: float
    confidence: float
    resamples: int


def average_precisions(matches: Matches, rule: Rule = "every-point") -> Shares:
    """Return the AP of each class, float64 (classes,); NaN for a class of which there was nothing to be found.

    ``11-point`` is that of VOC 2007 (the mean of the best precision at recall 0, 0.1 … 1), ``every-point`` that of
    VOC 2010 and later (the area under the curve of best precisions). Equal scores are taken in the order of pictures.
    """
    aps: Shares = _weighted(matches, np.ones((1, matches.images), np.int64), rule)[0]
    return aps


def mean_average_precision(matches: Matches, rule: Rule = "every-point") -> float:
    """Return the mean of the classes that have an AP; NaN where none has."""
    return float(_mean(average_precisions(matches, rule)[np.newaxis])[0])


def precision_recall(matches: Matches, class_id: int) -> Curve:
    """Return one class's curve, best score first; recall is NaN where there was nothing to be found."""
    ranked = _ranked(matches, class_id)
    hits, taken = np.cumsum(matches.hits[ranked]), np.arange(1, len(ranked) + 1)
    positives = int(matches.positives[:, class_id].sum())
    recall = hits / positives if positives else np.full(len(ranked), np.nan)
    return Curve(scores=matches.scores[ranked], recall=recall, precision=hits / taken)


def envelope(curve: Curve, recalls: Shares) -> Shares:
    """Return the best precision at each of ``recalls`` (r,) or any higher recall; 0 where the curve does not reach it.

    The area under it is the every-point AP.
    """
    best = np.maximum.accumulate(curve.precision[::-1])[::-1]
    first = np.searchsorted(curve.recall, recalls)
    heights: Shares = np.append(best, 0.0)[first]
    return heights


def bootstrap(
    matches: Matches,
    *,
    seed: int,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    rule: Rule = "every-point",
) -> Bounds:
    """Return the percentile interval of the mAP over resampled pictures; NaN where there was nothing to be found.

    Raises ValueError as `paired_bootstrap` does.
    """
    (means,) = _resampled((matches,), seed, resamples, confidence, rule)
    return _middle(means, confidence)


def paired_bootstrap(
    first: Matches,
    second: Matches,
    *,
    seed: int,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    rule: Rule = "every-point",
) -> Interval:
    """Return mAP of ``second`` minus mAP of ``first`` with its percentile interval over resampled pictures.

    Both are of the same pictures in the same order, and each resample takes the same pictures from both (Efron and
    Tibshirani 1993, sections 8.3 and 13.3). Raises ValueError for different pictures, no pictures, or a confidence
    outside 0..1.
    """
    if not np.array_equal(first.positives, second.positives):
        raise ValueError("the two sets of matches are not of the same pictures")
    ours, theirs = _resampled((first, second), seed, resamples, confidence, rule)
    bounds = _middle(theirs - ours, confidence)
    difference = mean_average_precision(second, rule) - mean_average_precision(first, rule)
    return Interval(difference=difference, low=bounds.low, high=bounds.high, confidence=confidence, resamples=resamples)


def _resampled(sides: Sequence[Matches], seed: int, resamples: int, confidence: float, rule: Rule) -> list[Shares]:
    """Return for each side its mAP in every resample, (resamples,); resample i takes the same pictures from all."""
    images = sides[0].images
    if not images or not 0 < confidence < 1:
        raise ValueError(f"cannot resample {images} pictures at confidence {confidence}")
    random = np.random.default_rng(seed)
    shares = np.full(images, 1 / images)
    rows = max(1, _CELLS // max(1, images, *(len(side.scores) for side in sides)))
    means: list[list[Shares]] = [[] for _ in sides]
    for start in range(0, resamples, rows):
        weights = random.multinomial(images, shares, min(rows, resamples - start))
        for side, own in zip(sides, means, strict=True):
            own.append(_mean(_weighted(side, weights, rule)))
    return [np.concatenate(own) for own in means]


def _middle(values: Shares, confidence: float) -> Bounds:
    """Return the interval that holds ``confidence`` of the values, as much left out below as above."""
    # A resample may hold no object at all; it says nothing.
    known = values[~np.isnan(values)]
    if not len(known):
        return Bounds(low=np.nan, high=np.nan)
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Bounds(low=float(low), high=float(high))


def _weighted(matches: Matches, weights: Counts, rule: Rule) -> Shares:
    """Return the AP of each class, (resamples, classes), where picture i is there ``weights[:, i]`` times.

    Taking a picture several times is exact: the points of the curve that copies would add lie under its best precision.
    """
    positives = weights @ matches.positives
    score = _RULES[rule]
    aps = np.full(positives.shape, np.nan)
    for class_id in range(matches.classes):
        ranked = _ranked(matches, class_id)
        # Precision falls from one hit to the next, and after the last one: the curve is known by its points at hits.
        places = np.flatnonzero(matches.hits[ranked])
        taken = weights[:, matches.image_ids[ranked[: places.max(initial=-1) + 1]]]
        total = np.cumsum(taken, axis=1)[:, places]
        hits = np.cumsum(taken[:, places], axis=1)
        precision = np.divide(hits, total, out=np.zeros(hits.shape), where=total > 0)
        # The best precision at this recall or any higher one.
        best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        there = positives[:, class_id] > 0
        aps[there, class_id] = score(hits[there], best[there], positives[there, class_id])
    return aps


def _every_point(hits: Counts, best: Shares, positives: Counts) -> Shares:
    gained = np.diff(hits, axis=1, prepend=0)
    area: Shares = (gained * best).sum(axis=1) / positives
    return area


def _eleven_point(hits: Counts, best: Shares, positives: Counts) -> Shares:
    total = np.zeros(len(positives))
    rows = np.arange(len(positives))
    recall = hits / positives[:, np.newaxis]
    for tenth in range(11):
        # Not tenth / 10: every evaluator in use multiplies, so that its third threshold lies just above 3/10, and a
        # recall of 3/10 does not reach it. Published figures hold that.
        reached = recall >= tenth * 0.1
        if reached.shape[1]:
            first = reached.argmax(axis=1)
            total += np.where(reached[rows, first], best[rows, first], 0.0)
    return total / 11


_RULES: dict[Rule, Callable[[Counts, Shares, Counts], Shares]] = {
    "11-point": _eleven_point,
    "every-point": _every_point,
}


def _ranked(matches: Matches, class_id: int) -> Counts:
    """Return the indices of a class's detections, best score first."""
    own = np.flatnonzero(matches.class_ids == class_id)
    ranked: Counts = own[np.argsort(-matches.scores[own], kind="stable")]
    return ranked


def _mean(aps: Shares) -> Shares:
    """Return the mean over the classes that have an AP, (rows,); NaN where none has."""
    known = ~np.isnan(aps)
    counts = known.sum(axis=1)
    sums = np.where(known, aps, 0.0).sum(axis=1)
    mean: Shares = np.divide(sums, counts, out=np.full(len(aps), np.nan), where=counts > 0)
    return mean

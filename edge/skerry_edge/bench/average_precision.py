"""Average precision by the rules of Pascal VOC: 11-point and every-point, and how sure a difference of two is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from skerry_edge.bench.matching import Matches

Rule = Literal["11-point", "every-point"]
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


def paired_bootstrap(
    first: Matches,
    second: Matches,
    *,
    seed: int,
    resamples: int = 1000,
    confidence: float = 0.95,
    rule: Rule = "every-point",
) -> Interval:
    """Return mAP of ``second`` minus mAP of ``first`` with its percentile interval over resampled pictures.

    Both are of the same pictures in the same order, and each resample takes the same pictures from both (Efron and
    Tibshirani 1993, sections 8.3 and 13.3). Raises ValueError for different pictures, no pictures, or a confidence
    outside 0..1.
    """
    if not np.array_equal(first.positives, second.positives):
        raise ValueError("the two sets of matches are not of the same pictures")
    if not first.images or not 0 < confidence < 1:
        raise ValueError(f"cannot resample {first.images} pictures at confidence {confidence}")
    random = np.random.default_rng(seed)
    shares = np.full(first.images, 1 / first.images)
    rows = max(1, _CELLS // max(1, len(first.scores), len(second.scores), first.images))
    differences = np.concatenate(
        [
            _differences(first, second, random.multinomial(first.images, shares, min(rows, resamples - start)), rule)
            for start in range(0, resamples, rows)
        ]
    )
    # A resample may hold no object at all; it says nothing about the difference.
    known = differences[~np.isnan(differences)]
    difference = mean_average_precision(second, rule) - mean_average_precision(first, rule)
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2]) if len(known) else (np.nan, np.nan)
    return Interval(difference=difference, low=float(low), high=float(high), confidence=confidence, resamples=resamples)


def _differences(first: Matches, second: Matches, weights: Counts, rule: Rule) -> Shares:
    return _mean(_weighted(second, weights, rule)) - _mean(_weighted(first, weights, rule))


def _weighted(matches: Matches, weights: Counts, rule: Rule) -> Shares:
    """Return the AP of each class, (resamples, classes), where picture i is there ``weights[:, i]`` times.

    Taking a picture several times is exact: the points of the curve that copies would add lie under its best precision.
    """
    positives = weights @ matches.positives
    score = _RULES[rule]
    aps = np.full(positives.shape, np.nan)
    for class_id in range(matches.classes):
        ranked = _ranked(matches, class_id)
        taken = weights[:, matches.image_ids[ranked]]
        hits = np.cumsum(taken * matches.hits[ranked], axis=1)
        total = np.cumsum(taken, axis=1)
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

"""Source and variant judged by labels: both mean average precisions, and how sure their difference is."""

from __future__ import annotations

import math

from msgspec import Struct

from skerry_edge.bench.average_precision import mean_average_precision, paired_bootstrap
from skerry_edge.bench.ground_truth import GroundTruth
from skerry_edge.bench.matching import Matcher
from skerry_edge.vision.detections import Detections

SEED = 20100609
"""Any number would do: the interval is to come out the same again."""
POINTS = 100.0


class AccuracyFigures(Struct, frozen=True, kw_only=True):
    """Mean average precision at IoU 0.5 (VOC, every-point) in points of 100, over ``objects`` in ``images``.

    ``drop`` is the source's minus the variant's; with 95 % confidence it is between ``drop_low`` and ``drop_high``
    (paired bootstrap over pictures).
    """

    images: int
    objects: int
    source_ap50: float
    variant_ap50: float
    drop: float
    drop_low: float
    drop_high: float


class AccuracyMeter:
    """Matches picture after picture; holds some bytes a detection and no picture."""

    def __init__(self, classes: int) -> None:
        self._source, self._variant = Matcher(classes), Matcher(classes)

    def add(self, source: Detections, variant: Detections, truth: GroundTruth) -> None:
        """Take one picture, with all detections down to a score near 0."""
        self._source.add(source, truth)
        self._variant.add(variant, truth)

    def figures(self) -> AccuracyFigures | None:
        """Return what was measured so far, or None where no object was labelled."""
        source, variant = self._source.matches(), self._variant.matches()
        source_ap = mean_average_precision(source)
        if math.isnan(source_ap):
            return None
        interval = paired_bootstrap(source, variant, seed=SEED)
        return AccuracyFigures(
            images=source.images,
            objects=int(source.positives.sum()),
            source_ap50=POINTS * source_ap,
            variant_ap50=POINTS * mean_average_precision(variant),
            # Subtracted, as minus nothing would be printed as -0.
            drop=0.0 - POINTS * interval.difference,
            drop_low=0.0 - POINTS * interval.high,
            drop_high=0.0 - POINTS * interval.low,
        )

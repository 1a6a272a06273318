"""From matches to figures: each variant by itself, and against the baseline on the same pictures."""

from __future__ import annotations

import math

from skerry_edge.bench.average_precision import (
    average_precisions,
    bootstrap,
    mean_average_precision,
    paired_bootstrap,
)
from skerry_edge.bench.evaluation.detection.figures import (
    ClassFigures,
    Difference,
    SizeFigures,
    Span,
    VariantFigures,
)
from skerry_edge.bench.evaluation.detection.meter import Measured
from skerry_edge.bench.matching import Matches
from skerry_edge.bench.sizes import SizeRange

SEED = 20100609
"""Any number would do: the intervals are to come out the same again."""
FEWEST_PICTURES = 5
"""Resampling fewer gives intervals that look narrow and mean nothing."""


def variant_figures(
    own: Measured, baseline: Measured | None, backend: str | None, labels: tuple[str, ...], sizes: tuple[SizeRange, ...]
) -> VariantFigures:
    """Return the figures of a variant; ``baseline`` is None for the baseline itself."""
    coco = own.coco
    return VariantFigures(
        outcome="evaluated",
        backend=backend,
        ap50=_known(mean_average_precision(own.matches)),
        ap50_interval=_span(own.matches),
        ap50_11point=_known(mean_average_precision(own.matches, "11-point")),
        coco_ap=_known(coco.ap) if coco else None,
        coco_ap50=_known(coco.ap50) if coco else None,
        coco_ap75=_known(coco.ap75) if coco else None,
        coco_ap_small=_known(coco.small) if coco else None,
        coco_ap_medium=_known(coco.medium) if coco else None,
        coco_ap_large=_known(coco.large) if coco else None,
        against_baseline=_difference(own.matches, baseline.matches) if baseline else None,
        per_class=_per_class(own, labels),
        by_size=_by_size(own, baseline, sizes),
        at_threshold=own.operating.at_threshold(),
        false_alarms=own.operating.false_alarms(),
        confusions=own.operating.confusions(),
    )


def _per_class(own: Measured, labels: tuple[str, ...]) -> dict[str, ClassFigures]:
    every_point = average_precisions(own.matches)
    eleven_point = average_precisions(own.matches, "11-point")
    objects = own.matches.positives.sum(axis=0)
    return {
        label: ClassFigures(
            objects=int(objects[place]),
            ap50=_known(float(every_point[place])),
            ap50_11point=_known(float(eleven_point[place])),
            coco_ap=_known(own.coco.by_class[place]) if own.coco else None,
        )
        for place, label in enumerate(labels)
    }


def _by_size(own: Measured, baseline: Measured | None, sizes: tuple[SizeRange, ...]) -> tuple[SizeFigures, ...]:
    return tuple(
        SizeFigures(
            low_px=size.low_px,
            high_px=size.high_px if math.isfinite(size.high_px) else None,
            objects=int(matches.positives.sum()),
            ap50=_known(mean_average_precision(matches)),
            against_baseline=_difference(matches, baseline.by_size[place]) if baseline else None,
        )
        for place, (size, matches) in enumerate(zip(sizes, own.by_size, strict=True))
    )


def _span(matches: Matches) -> Span | None:
    if _too_few(matches):
        return None
    bounds = bootstrap(matches, seed=SEED)
    return Span(low=bounds.low, high=bounds.high)


def _difference(own: Matches, baseline: Matches) -> Difference | None:
    if _too_few(own):
        difference = _known(mean_average_precision(own) - mean_average_precision(baseline))
        return None if difference is None else Difference(difference=difference, low=None, high=None)
    interval = paired_bootstrap(baseline, own, seed=SEED)
    return Difference(difference=interval.difference, low=interval.low, high=interval.high)


def _too_few(matches: Matches) -> bool:
    """Tell whether too few pictures show an object."""
    return int(matches.positives.any(axis=1).sum()) < FEWEST_PICTURES


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value

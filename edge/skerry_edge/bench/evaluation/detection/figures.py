"""What an evaluation of a detector reports: plain values, in JSON as they stand here."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Outcome = Literal["evaluated", "not run", "failed"]


class Span(Struct, frozen=True, kw_only=True):
    """Both ends of a confidence interval."""

    low: float
    high: float


class Difference(Struct, frozen=True, kw_only=True):
    """A variant's mean AP minus the baseline's, as a share, with its paired bootstrap interval.

    The interval is None where too few pictures show such an object to tell one.
    """

    difference: float
    low: float | None
    high: float | None


class ClassFigures(Struct, frozen=True, kw_only=True):
    """One class: AP at IoU 0.5 by both rules of VOC, and COCO's AP. None where there was nothing to be found."""

    objects: int
    ap50: float | None
    ap50_11point: float | None
    coco_ap: float | None


class SizeFigures(Struct, frozen=True, kw_only=True):
    """Objects of one size: every-point AP at IoU 0.5. ``high_px`` is None where there is no upper end."""

    low_px: float
    high_px: float | None
    objects: int
    ap50: float | None
    against_baseline: Difference | None


class ThresholdFigures(Struct, frozen=True, kw_only=True):
    """What comes out above the score threshold: objects found and missed, and detections of nothing."""

    found: int
    missed: int
    false: int
    recall: float | None
    precision: float | None


class AlarmFigures(Struct, frozen=True, kw_only=True):
    """Detections above the threshold in pictures without any object; ``low`` and ``high`` bound ``per_image``."""

    images: int
    detections: int
    per_image: float
    low: float
    high: float


class Confusion(Struct, frozen=True, kw_only=True):
    """How often an object of one class was detected as one of another, above the threshold."""

    object: str
    taken_for: str
    count: int


class VariantFigures(Struct, frozen=True, kw_only=True):
    """One variant. Where it was not evaluated, ``reason`` says why and every figure is None or empty.

    All AP are shares; ``ap50`` is VOC's every-point mean AP at IoU 0.5, ``ap50_11point`` that of VOC 2007.
    """

    outcome: Outcome
    reason: str | None = None
    backend: str | None = None
    ap50: float | None = None
    ap50_interval: Span | None = None
    ap50_11point: float | None = None
    coco_ap: float | None = None
    coco_ap50: float | None = None
    coco_ap75: float | None = None
    coco_ap_small: float | None = None
    coco_ap_medium: float | None = None
    coco_ap_large: float | None = None
    against_baseline: Difference | None = None
    per_class: dict[str, ClassFigures] = {}
    by_size: tuple[SizeFigures, ...] = ()
    at_threshold: ThresholdFigures | None = None
    false_alarms: AlarmFigures | None = None
    confusions: tuple[Confusion, ...] = ()


class ModelFacts(Struct, frozen=True, kw_only=True):
    """The model that was evaluated."""

    name: str
    version: str
    path: str


class DataFacts(Struct, frozen=True, kw_only=True):
    """The pictures that it was held against; ``left_out`` labels are difficult or crowds, and count in no figure."""

    folder: str
    layout: str
    objects: int
    left_out: int
    images_without_objects: int


class DetectionReport(Struct, frozen=True, kw_only=True):
    """Everything that was found out; ``coco_not_measured`` says why COCO's figures are None, where they are."""

    images: int
    variants: dict[str, VariantFigures]
    baseline: str | None
    threshold: float
    confidence: float
    resamples: int
    coco_not_measured: str | None
    model: ModelFacts
    data: DataFacts
    versions: dict[str, str]

    @property
    def evaluated(self) -> dict[str, VariantFigures]:
        """The variants that have figures."""
        return {name: one for name, one in self.variants.items() if one.outcome == "evaluated"}

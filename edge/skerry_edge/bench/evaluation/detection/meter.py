"""Everything that is measured of one variant while its detections come in, picture by picture."""

from __future__ import annotations

from dataclasses import dataclass

from skerry_edge.bench.coco import CocoEvaluator, CocoSummary
from skerry_edge.bench.evaluation.detection.labelled import CheckedPicture
from skerry_edge.bench.evaluation.detection.operating import OperatingMeter
from skerry_edge.bench.matching import Matcher, Matches, match_picture
from skerry_edge.bench.sizes import SizeRange, of_size
from skerry_edge.vision.detections import Detections


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One variant's matches over all sizes and by size, COCO's figures where they can be had, and the rest."""

    matches: Matches
    by_size: tuple[Matches, ...]
    coco: CocoSummary | None
    operating: OperatingMeter


class VariantMeter:
    """Takes the pictures in their order."""

    def __init__(
        self, labels: tuple[str, ...], sizes: tuple[SizeRange, ...], threshold: float, coco: CocoEvaluator | None
    ) -> None:
        self._sizes = sizes
        self._all = Matcher(len(labels))
        self._by_size = tuple(Matcher(len(labels)) for _ in sizes)
        self._coco = coco
        self._operating = OperatingMeter(labels, threshold)

    def add(self, picture: CheckedPicture, detections: Detections) -> None:
        """Take one picture with all detections above `LOW_SCORE`."""
        truth = picture.truth
        self._all.add(detections, truth)
        match = match_picture(detections, truth)
        for size, matcher in zip(self._sizes, self._by_size, strict=True):
            matcher.add(*of_size(size, detections, truth, match))
        if self._coco is not None:
            self._coco.add(detections, truth)
        self._operating.add(picture, detections)

    def measured(self) -> Measured:
        """Return what came out."""
        return Measured(
            matches=self._all.matches(),
            by_size=tuple(matcher.matches() for matcher in self._by_size),
            coco=None if self._coco is None else self._coco.summary(),
            operating=self._operating,
        )

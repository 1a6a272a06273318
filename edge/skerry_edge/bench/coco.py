"""COCO's average precision, computed by the reference implementation (`pycocotools`) from boxes in memory."""

from __future__ import annotations

import contextlib
import importlib
import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skerry_edge.bench.ground_truth import GroundTruth
from skerry_edge.foundation.errors import MissingError
from skerry_edge.foundation.extras import install_hint
from skerry_edge.vision.detections import Detections

MOST_DETECTIONS = 100
"""COCO looks at the best 100 detections of a class in a picture; the others need not be kept."""
_MODULES = ("pycocotools.coco", "pycocotools.cocoeval")
_NO_AREA = -1.0
"""Outside every range of sizes, by which COCO leaves a label out; there is no field of its own for that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CocoSummary:
    """AP over IoU 0.50 to 0.95, at 0.50 and at 0.75, as shares; NaN where there was nothing to be found.

    ``small``, ``medium`` and ``large`` are the AP of objects of less than 32, 32 to 96 and more than 96 pixels (the
    root of their boxes' areas); ``by_class`` has the AP of each class.
    """

    ap: float
    ap50: float
    ap75: float
    small: float
    medium: float
    large: float
    by_class: tuple[float, ...]


def why_no_coco() -> str | None:
    """Tell why COCO's figures cannot be had on this machine, or None where they can."""
    try:
        for module in _MODULES:
            _load(module)
    except MissingError as error:
        return str(error)
    return None


class CocoEvaluator:
    """Collects pictures, then evaluates them. Raises MissingError where `pycocotools` is not installed."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self._api, self._evaluation = map(_load, _MODULES)
        self._categories = [{"id": class_id, "name": name} for class_id, name in enumerate(labels)]
        self._annotations: list[dict[str, Any]] = []
        self._results: list[dict[str, Any]] = []
        self._images = 0

    def add(self, detections: Detections, truth: GroundTruth) -> None:
        """Take one picture."""
        self._images += 1
        rows = zip(_xywh(truth.boxes_px), truth.class_ids, truth.difficult, truth.crowd, strict=True)
        for box, class_id, difficult, crowd in rows:
            self._annotations.append(
                {
                    "id": len(self._annotations) + 1,
                    "image_id": self._images,
                    "category_id": int(class_id),
                    "bbox": box,
                    "area": _NO_AREA if difficult and not crowd else box[2] * box[3],
                    "iscrowd": int(crowd),
                }
            )
        kept = _best_of_each_class(detections)
        rows_found = zip(
            _xywh(detections.boxes_px[kept]), detections.class_ids[kept], detections.scores[kept], strict=True
        )
        for box, class_id, score in rows_found:
            self._results.append(
                {"image_id": self._images, "category_id": int(class_id), "bbox": box, "score": float(score)}
            )

    def summary(self) -> CocoSummary:
        """Evaluate what was collected."""
        if not self._annotations:
            return self._summary(np.full(6, np.nan), np.full(len(self._categories), np.nan))
        # The library reports its progress on stdout, which belongs to whoever called.
        with contextlib.redirect_stdout(io.StringIO()):
            truth = self._api.COCO()
            truth.dataset = {
                "info": {},
                "images": [{"id": number} for number in range(1, self._images + 1)],
                "categories": self._categories,
                "annotations": self._annotations,
            }
            truth.createIndex()
            evaluation = self._evaluation.COCOeval(truth, self._found(truth), "bbox")
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        # IoU, recall, class, range of sizes (the first is all), most detections (the last is 100).
        precision = evaluation.eval["precision"][:, :, :, 0, -1]
        return self._summary(evaluation.stats[:6], precision.mean(axis=(0, 1)))

    def _summary(self, figures: NDArray[np.float64], by_class: NDArray[np.float64]) -> CocoSummary:
        # The library says -1 where no class had an object.
        known = [float(value) if value >= 0 else math.nan for value in (*figures, *by_class)]
        ap, ap50, ap75, small, medium, large, *classes = known
        return CocoSummary(
            ap=ap, ap50=ap50, ap75=ap75, small=small, medium=medium, large=large, by_class=tuple(classes)
        )

    def _found(self, truth: Any) -> Any:  # noqa: ANN401  # pycocotools ships no types
        if self._results:
            return truth.loadRes(self._results)
        # loadRes takes no empty list.
        nothing = self._api.COCO()
        nothing.dataset = {**truth.dataset, "annotations": []}
        nothing.createIndex()
        return nothing


def _load(module: str) -> Any:  # noqa: ANN401  # a module without types
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingError(
            "COCO's average precision needs pycocotools", found=str(error), todo=install_hint("evaluate")
        ) from error


def _xywh(boxes_px: NDArray[Any]) -> list[list[float]]:
    """Return boxes as COCO writes them: left, top, width, height."""
    boxes = boxes_px.astype(np.float64)
    rows: list[list[float]] = np.concatenate((boxes[:, :2], boxes[:, 2:] - boxes[:, :2]), axis=1).tolist()
    return rows


def _best_of_each_class(detections: Detections) -> NDArray[np.int64]:
    """Return the indices of the detections that COCO would look at, best score first."""
    order = np.argsort(-detections.scores, kind="stable")
    class_ids = detections.class_ids[order]
    by_class = np.argsort(class_ids, kind="stable")
    _, starts, counts = np.unique(class_ids[by_class], return_index=True, return_counts=True)
    place = np.empty(len(order), np.int64)
    place[by_class] = np.arange(len(order)) - np.repeat(starts, counts)
    kept: NDArray[np.int64] = order[place < MOST_DETECTIONS]
    return kept

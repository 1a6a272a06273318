"""Which of a network's detections count: labels, scores, sizes and masks."""

from __future__ import annotations

import numpy as np

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.config.vision import LimitConfig
from skerry_edge.agent.line.link import MAX_NAME_CHARS
from skerry_edge.vision.detections import Detections
from skerry_edge.vision.geometry import Size
from skerry_edge.vision.polygons import Point, contains
from skerry_edge.vision.tracking.motion import Four
from skerry_edge.vision.tracking.tracker import Box

MAX_BOXES = 200
"""Of more detections in a picture only the best are looked at, so that noise cannot cost more than that."""
_NO_LIMIT = LimitConfig()


def label_of(class_id: int, labels: tuple[str, ...]) -> str:
    """Return a class's name as events carry it; one without a name gets one."""
    return labels[class_id][:MAX_NAME_CHARS] or f"class-{class_id}"


def anchor_of(edges: Four, config: DetectionPipeline) -> Point:
    """Return the point at which an object stands or is, in shares of the picture."""
    x_min, y_min, x_max, y_max = edges
    return (x_min + x_max) / 2, y_max if config.anchor == "foot" else (y_min + y_max) / 2


def lowest_score(config: DetectionPipeline, score_threshold: float) -> float:
    """Return the score from which on a detection is of any use."""
    return score_threshold * config.tracking.low_score


class Sieve:
    """Keeps what the configuration looks for; ``score_threshold`` is the score that every label must have at least."""

    def __init__(self, config: DetectionPipeline, labels: tuple[str, ...], score_threshold: float) -> None:
        self._config = config
        self._labels = labels
        self._score_threshold = score_threshold

    def keep(self, detections: Detections, size: Size) -> list[Box]:
        """Return what counts of a picture of ``size``, best score first."""
        shares = np.clip(detections.boxes_px / np.array([*size, *size]), 0.0, 1.0).round(4).tolist()
        rows = zip(shares, detections.class_ids.tolist(), detections.scores.tolist(), strict=True)
        boxes = (self._box((edges[0], edges[1], edges[2], edges[3]), *rest) for edges, *rest in rows)
        return [box for box in boxes if box is not None][:MAX_BOXES]

    def _box(self, edges: Four, class_id: int, score: float) -> Box | None:
        label = label_of(class_id, self._labels)
        if self._config.labels and label not in self._config.labels:
            return None
        limit = self._config.limits.get(label, _NO_LIMIT)
        area = (edges[2] - edges[0]) * (edges[3] - edges[1])
        good_score = max(self._score_threshold, limit.min_score)
        if score < good_score * self._config.tracking.low_score or not limit.min_area <= area <= limit.max_area:
            return None
        if any(contains(mask.points, anchor_of(edges, self._config)) for mask in self._config.masks):
            return None
        return Box(edges=edges, class_id=class_id, score=min(1.0, score), is_good=score >= good_score)

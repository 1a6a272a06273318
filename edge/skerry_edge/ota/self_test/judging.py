"""The verdict of the self-test; pure."""

from __future__ import annotations

from collections.abc import Sequence

from skerry_edge.ota.machine.happenings import Failed
from skerry_edge.ota.machine.health import SLOW_FLOOR_MS
from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.self_test.measured import Box, Measured, Object

SURE = 0.5
"""Objects with less of a score are not expected of another model."""
SAME_IOU = 0.5
MEMORY_SHARE = 0.5
"""Of the memory that is free now, a new model may take so much more than the one before it."""


def verdict(present: Measured | None, new: Measured, limits: Limits, *, free_mb: float | None) -> Failed | None:
    """Return why the new model is not switched to, None where it may be; ``present`` is the one that runs."""
    if new.sqnr_db < new.needed_db:
        found = f"{new.sqnr_db:.1f} dB against its golden outputs, {new.needed_db:.0f} dB needed"
        return Failed(reason="golden", detail=found)
    if present is None:
        return None
    if new.inference_ms > limits.slower_times * max(present.inference_ms, SLOW_FLOOR_MS):
        found = f"{new.inference_ms:.1f} ms an inference, {present.inference_ms:.1f} ms with the present model"
        return Failed(reason="budget", detail=found)
    more_mb = new.peak_mb - present.peak_mb
    if free_mb is not None and more_mb > MEMORY_SHARE * free_mb:
        return Failed(reason="budget", detail=f"{more_mb:.0f} MB more memory, and {free_mb:.0f} MB are free")
    expected, found_again = _agreement(present, new)
    if expected and found_again < limits.agreement * expected:
        found = f"{found_again} of the {expected} objects that the present model sees in the golden pictures"
        return Failed(reason="accuracy", detail=found)
    return None


def _agreement(present: Measured, new: Measured) -> tuple[int, int]:
    """Return how many objects the present model is sure of that the new one has a label for, and how many it sees."""
    expected = found = 0
    for theirs, ours in zip(present.seen, new.seen, strict=True):
        for one in theirs:
            if one.score >= SURE and one.label in new.labels:
                expected += 1
                found += _is_among(one, ours)
    return expected, found


def _is_among(one: Object, others: Sequence[Object]) -> bool:
    return any(one.label == other.label and iou(one.box_px, other.box_px) >= SAME_IOU for other in others)


def iou(first: Box, second: Box) -> float:
    """Return the intersection over union of two boxes."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(0.0, width) * max(0.0, height)
    union = _area(first) + _area(second) - shared
    return shared / union if union > 0 else 0.0


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])

"""What the self-test asks of a model, and what it measures of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from skerry_edge.contracts.manifest import SURE_SCORE

Box = tuple[float, float, float, float]
SAME_IOU = 0.5
SAME_S = 1.0
"""Two models are certain of one and the same utterance within this time of each other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A model as the device runs it: a bundle, or a wake word's manifest.

    Objects or words are looked for in the golden pictures or recordings of all ``pictures_of``, and objects in the
    picture files ``live``, too.
    """

    task: Literal["detection", "wakeword"] = "detection"
    bundle: Path
    variant: str
    backend: str
    threads: int
    pictures_of: tuple[Path, ...]
    live: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Object:
    """What a model sees in a picture: ``box_px`` is x_min, y_min, x_max, y_max."""

    label: str
    score: float
    box_px: Box

    @property
    def is_sure(self) -> bool:
        """Whether another model is expected to see it, too."""
        return self.score >= SURE_SCORE

    def is_like(self, other: Finding) -> bool:
        """Tell whether two models mean the same object."""
        return isinstance(other, Object) and self.label == other.label and iou(self.box_px, other.box_px) >= SAME_IOU


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """What a model hears in a recording, ``time_s`` after its beginning; it is above the model's own cut-off."""

    label: str
    score: float
    time_s: float

    @property
    def is_sure(self) -> bool:
        """Whether another model is expected to hear it, too."""
        return True

    def is_like(self, other: Finding) -> bool:
        """Tell whether two models mean the same utterance."""
        return isinstance(other, Word) and self.label == other.label and abs(self.time_s - other.time_s) <= SAME_S


Finding = Object | Word


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What a model did: the SQNR of its golden outputs, the median of its inferences, its process's peak memory.

    ``needed_db`` is the least SQNR for its precision. ``seen`` holds the objects of each picture, or the words of each
    recording, in their order, and ``live`` those of what the device saw last. A network that listens infers many times
    a second: there ``inference_ms`` is for one second of sound. ``unproved`` says why its own golden input proves
    nothing, empty where it does not have to.
    """

    sqnr_db: float
    needed_db: float
    inference_ms: float
    peak_mb: float
    labels: tuple[str, ...]
    seen: tuple[tuple[Finding, ...], ...]
    live: tuple[tuple[Object, ...], ...] = ()
    unproved: str = ""


def iou(first: Box, second: Box) -> float:
    """Return the intersection over union of two boxes."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(0.0, width) * max(0.0, height)
    union = _area(first) + _area(second) - shared
    return shared / union if union > 0 else 0.0


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])

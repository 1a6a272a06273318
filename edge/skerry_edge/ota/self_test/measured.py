"""What the self-test asks of a model, and what it measures of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

Box = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A bundle as the device runs it; objects are looked for in the golden pictures of all ``pictures_of``."""

    bundle: Path
    variant: str
    backend: str
    threads: int
    pictures_of: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Object:
    """What a model sees in a picture: ``box_px`` is x_min, y_min, x_max, y_max."""

    label: str
    score: float
    box_px: Box


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What a model did: the SQNR of its golden outputs, the median of its inferences, its process's peak memory.

    ``needed_db`` is the least SQNR for its precision. ``seen`` holds the objects of each picture, in their order.
    """

    sqnr_db: float
    needed_db: float
    inference_ms: float
    peak_mb: float
    labels: tuple[str, ...]
    seen: tuple[tuple[Object, ...], ...]

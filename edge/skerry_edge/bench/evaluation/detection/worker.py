"""The process in which one variant looks at all pictures: it loads, then gives each picture's detections in turn."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.backends.base import BackendOptions
from skerry_edge.bench.apart import run_apart, serve
from skerry_edge.vision.detections import Detections
from skerry_edge.vision.detector import Detector
from skerry_edge.vision.images import read_image


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectionOrder:
    """What the process is told: a variant, how to run it, and the pictures; scores above ``low_score`` are given."""

    bundle: Path
    variant: str
    backend: str
    threads: int
    low_score: float
    pictures: tuple[Path, ...]


def detect_apart(order: DetectionOrder, *, stall_s: float) -> Generator[Detections, None, None]:
    """Yield each picture's detections, best score first.

    Raises what loading and detecting raise, and CrashError as `run_apart` does.
    """
    return run_apart(_MODULE, order, stall_s=stall_s)


def _detect_all(order: DetectionOrder) -> Iterator[Detections]:
    opened = Detector.open(
        order.bundle,
        variant=order.variant,
        backend=order.backend,
        options=BackendOptions(threads=order.threads),
        score_threshold=order.low_score,
    )
    with closing(opened) as detector:
        for path in order.pictures:
            yield detector.detect(read_image(path)).detections


_MODULE = "skerry_edge.bench.evaluation.detection.worker"

if __name__ == "__main__":
    serve(int(sys.argv[1]), _detect_all)

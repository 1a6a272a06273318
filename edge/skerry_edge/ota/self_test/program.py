"""The process in which one model is tried: loads it on the device's backend, runs it, and tells what it measured."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from skerry_edge.backends.base import BackendOptions
from skerry_edge.bench.apart import run_apart, serve
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import ImageInput
from skerry_edge.foundation.bound_life import die_with_parent
from skerry_edge.models.golden import check_golden
from skerry_edge.ota.self_test.listening import heard_by
from skerry_edge.ota.self_test.measured import Measured, Object, Subject
from skerry_edge.ota.self_test.peak import peak_mb
from skerry_edge.vision.detector import Detector
from skerry_edge.vision.images import decode_image, read_image

_RUNS = 20
_RUNS_S = 3.0
"""After this long, fewer runs must do; two are always made."""


def measure(subject: Subject, *, stall_s: float) -> Measured:
    """Return what a model does in a process of its own.

    Raises what loading and running it raise, and CrashError where the process died or said nothing for ``stall_s``.
    """
    results = run_apart(_MODULE, subject, stall_s=stall_s)
    with closing(results):
        measured: Measured = next(results)
    return measured


def _measure(subject: Subject) -> Iterator[Measured]:
    yield heard_by(subject) if subject.task == "wakeword" else _seen_by(subject)


def _seen_by(subject: Subject) -> Measured:
    bundle = Bundle.open(subject.bundle)
    golden = check_golden(bundle, subject.variant, subject.backend)
    pictures = [picture for one in subject.pictures_of for picture in _golden_pictures(one)]
    options = BackendOptions(threads=subject.threads)
    opened = Detector.open(subject.bundle, variant=subject.variant, backend=subject.backend, options=options)
    with closing(opened) as detector:
        seen = tuple(_objects(detector, picture) for picture in pictures)
        live = tuple(_objects(detector, read_image(picture)) for picture in subject.live)
        inference_ms = _inference_ms(detector)
    return Measured(
        sqnr_db=golden.sqnr_db,
        needed_db=golden.needed_db,
        inference_ms=inference_ms,
        peak_mb=peak_mb(),
        labels=bundle.manifest.labels,
        seen=seen,
        live=live,
    )


def _golden_pictures(path: Path) -> list[np.ndarray]:
    bundle = Bundle.open(path)
    golden = bundle.manifest.golden
    if golden is None or not isinstance(bundle.manifest.input, ImageInput):
        return []
    return [decode_image(bundle.read(golden.input), where=f"the golden input of {path}")]


def _objects(detector: Detector, picture: np.ndarray) -> tuple[Object, ...]:
    found = detector.detect(picture).detections
    labels = detector.manifest.labels
    return tuple(
        Object(label=labels[class_id], score=score, box_px=(x_min, y_min, x_max, y_max))
        for (x_min, y_min, x_max, y_max), score, class_id in zip(
            found.boxes_px.tolist(), found.scores.tolist(), found.class_ids.tolist(), strict=True
        )
    )


def _inference_ms(detector: Detector) -> float:
    image = detector.manifest.input
    assert isinstance(image, ImageInput)  # noqa: S101  # Detector.open refuses any other
    grey = np.full((image.height, image.width, 3), 127, np.uint8)
    times_ms: list[float] = []
    end_s = time.monotonic() + _RUNS_S
    while len(times_ms) < _RUNS and (len(times_ms) < 2 or time.monotonic() < end_s):
        times_ms.append(detector.detect(grey).timing_ms["inference"])
    return statistics.median(times_ms)


def be_killed_first() -> None:
    """Have the kernel end this process before any other where memory runs out: what runs must not pay for a trial."""
    Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


_MODULE = "skerry_edge.ota.self_test.program"

if __name__ == "__main__":
    die_with_parent(os.getppid())
    be_killed_first()
    serve(int(sys.argv[1]), _measure)

"""What is called again and again: a detector from frame to boxes, or a network alone where no decoder reads it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skerry_edge.backends.base import Array, BackendOptions
from skerry_edge.backends.variants import open_variant
from skerry_edge.bench.speed.frames import FrameSource
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import ImageInput, MicroWakeWord, Raw, Tensor
from skerry_edge.vision.detector import Detector
from skerry_edge.vision.images import Pixels

SEED = 0

Call = Callable[[], dict[str, float]]
"""Does the work once and gives the milliseconds of its stages, by their names in the timing schema."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A variant of a bundle, how it runs, and what it looks at."""

    bundle: Path
    variant: str
    backend: str
    threads: int
    frames: FrameSource


def open_subject(subject: Subject, frames: Sequence[Pixels]) -> Call:
    """Load the variant and return its call. Raises what loading it raises."""
    bundle = Bundle.open(subject.bundle)
    options = BackendOptions(threads=subject.threads)
    if isinstance(bundle.manifest.input, ImageInput) and not isinstance(bundle.manifest.output, Raw | MicroWakeWord):
        detector = Detector.open(subject.bundle, variant=subject.variant, backend=subject.backend, options=options)
        return _detecting(detector, frames)
    backend = open_variant(bundle, subject.variant, subject.backend, options)
    tensors = tuple(seeded_tensor(one) for one in bundle.manifest.variants[subject.variant].inputs)
    return inferring(lambda: backend.infer(tensors))


def seeded_tensor(described: Tensor) -> Array:
    """Return an input of the shape and dtype that a variant declares: uniform in 0..1, or over an integer's range."""
    random, dtype = np.random.default_rng(SEED), np.dtype(described.dtype)
    if dtype.kind == "f":
        return random.random(described.shape).astype(dtype)
    bounds = np.iinfo(dtype)
    return random.integers(bounds.min, bounds.max, described.shape, dtype, endpoint=True)


def _detecting(detector: Detector, frames: Sequence[Pixels]) -> Call:
    turns = itertools.cycle(frames)

    def detect() -> dict[str, float]:
        frame = next(turns)
        start = time.perf_counter()
        timing_ms = detector.detect(frame).timing_ms
        return {**timing_ms, "end_to_end": (time.perf_counter() - start) * 1e3}

    return detect


def inferring(infer: Callable[[], object]) -> Call:
    """Return the call of an inference that has no other stage."""

    def once() -> dict[str, float]:
        start = time.perf_counter()
        infer()
        elapsed_ms = (time.perf_counter() - start) * 1e3
        return {"inference": elapsed_ms, "end_to_end": elapsed_ms}

    return once

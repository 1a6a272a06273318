"""What is called again and again: a detector on a frame, a wake word on a step of sound, or a network alone."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skerry_edge.audio.contest import Contest
from skerry_edge.audio.decision import DEFAULT_REFRACTORY_S, SlidingMean, Step
from skerry_edge.audio.features import STEP_SAMPLES, WINDOW_SAMPLES, FeatureStream
from skerry_edge.audio.model import WakeWordModel
from skerry_edge.audio.network import StreamingNetwork
from skerry_edge.audio.pcm import Pcm
from skerry_edge.audio.word import word_of
from skerry_edge.backends.base import Array, BackendOptions
from skerry_edge.backends.registry import open_backend
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


@dataclass(frozen=True, kw_only=True, slots=True)
class WakeWordSubject:
    """A wake-word model that listens to noise; it looks at nothing."""

    word: WakeWordModel
    backend: str
    threads: int
    frames: FrameSource


def open_subject(subject: Subject | WakeWordSubject, frames: Sequence[Pixels]) -> Call:
    """Load the model and return its call. Raises what loading it raises."""
    if isinstance(subject, WakeWordSubject):
        return _listening(subject)
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


def _listening(subject: WakeWordSubject) -> Call:
    """Return the call that hears as much sound as one step of the network takes, and judges it."""
    backend = open_backend(subject.backend, subject.word.path, BackendOptions(threads=subject.threads))
    network, features = StreamingNetwork(backend, str(subject.word.path)), FeatureStream()
    word = word_of(subject.word)
    mean, contest = SlidingMean(word.rule.window), Contest({word.name: word.rule}, refractory_s=DEFAULT_REFRACTORY_S)
    random = np.random.default_rng(SEED)
    # So much less than a window that each further step of sound completes one row of features.
    features.process(_noise(random, WINDOW_SAMPLES - STEP_SAMPLES))
    sound = _noise(random, network.stride * STEP_SAMPLES)

    def listen() -> dict[str, float]:
        start = time.perf_counter()
        rows = features.process(sound)
        prepared = time.perf_counter()
        probability = network.probability(network.quantization.apply(rows))
        inferred = time.perf_counter()
        contest.judge([Step(word=word.name, time_s=start, score=mean.add(probability))])
        done = time.perf_counter()
        return {
            "preprocess": (prepared - start) * 1e3,
            "inference": (inferred - prepared) * 1e3,
            "postprocess": (done - inferred) * 1e3,
            "end_to_end": (done - start) * 1e3,
        }

    return listen


def _noise(random: np.random.Generator, samples: int) -> Pcm:
    return random.integers(-3000, 3000, samples, np.int16)


def inferring(infer: Callable[[], object]) -> Call:
    """Return the call of an inference that has no other stage."""

    def once() -> dict[str, float]:
        start = time.perf_counter()
        infer()
        elapsed_ms = (time.perf_counter() - start) * 1e3
        return {"inference": elapsed_ms, "end_to_end": elapsed_ms}

    return once

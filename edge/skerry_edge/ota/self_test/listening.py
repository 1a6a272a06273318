"""A wake word's model tried on golden recordings: its own, and that of the model before it."""

from __future__ import annotations

import math
import statistics
import time
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from skerry_edge.audio.features import CHANNELS
from skerry_edge.audio.golden import golden_recording
from skerry_edge.audio.model import WakeWordModel, load_model
from skerry_edge.audio.network import open_network
from skerry_edge.audio.pcm import CHUNK_SAMPLES, Pcm
from skerry_edge.audio.step import STEP_MS
from skerry_edge.audio.wakeword import WakeWordListener
from skerry_edge.audio.word import word_of
from skerry_edge.backends.base import BackendOptions
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.models.golden import check_golden
from skerry_edge.ota.self_test.measured import Measured, Subject, Word
from skerry_edge.ota.self_test.peak import peak_mb

_TIMED_S = 5.0
"""So much sound is timed: enough for a median, and done in a fraction of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Golden:
    """What became of the model's own golden recording, if it has one; see `Measured`."""

    sqnr_db: float = math.inf
    needed_db: float = 0.0
    recording: Pcm | None = None


def heard_by(subject: Subject) -> Measured:
    """Return what a wake word's model does here.

    Raises what reading and running it raise; BundleError for a recording that is none.
    """
    model = load_model(subject.bundle)
    golden = _golden(model, subject)
    recordings = [found for one in subject.pictures_of if (found := _recording(load_model(one))) is not None]
    return Measured(
        sqnr_db=golden.sqnr_db,
        needed_db=golden.needed_db,
        inference_ms=_ms_a_second(model, subject.threads),
        peak_mb=peak_mb(),
        labels=(model.word,),
        seen=tuple(_words(model, one) for one in recordings),
        unproved=_unproved(model, golden.recording),
    )


def _golden(model: WakeWordModel, subject: Subject) -> _Golden:
    recording = _recording(model)
    if recording is None or model.released is None:
        return _Golden()
    check = check_golden(Bundle.open(model.path), model.released.variant, subject.backend)
    return _Golden(sqnr_db=check.sqnr_db, needed_db=check.needed_db, recording=recording)


def _recording(model: WakeWordModel) -> Pcm | None:
    return golden_recording(Bundle.open(model.path)) if model.released is not None else None


def _unproved(model: WakeWordModel, own: Pcm | None) -> str:
    """Return why a model's own recording proves nothing: without one, a deaf model is as good as a quiet room."""
    if own is None:
        return "its bundle has no recording to try it on (skerry convert --golden RECORDING)"
    return "" if _words(model, own) else f"it does not hear '{model.word}' in its own golden recording"


def _words(model: WakeWordModel, pcm: Pcm) -> tuple[Word, ...]:
    """Return what a fresh listener hears in a recording."""
    with closing(WakeWordListener([word_of(model)])) as listener:
        found = [
            one for at in range(0, len(pcm), CHUNK_SAMPLES) for one in listener.process(pcm[at : at + CHUNK_SAMPLES])
        ]
        found += listener.finish(where="the golden recording")
    return tuple(Word(label=one.word, score=one.score, time_s=one.time_s) for one in found)


def _ms_a_second(model: WakeWordModel, threads: int) -> float:
    """Return how long the network takes for a second of sound, as the median of its steps has it."""
    with closing(open_network(model.path, BackendOptions(threads=threads), variant=model.variant)) as network:
        rows = np.zeros((network.stride, CHANNELS), network.quantization.dtype)
        steps_a_second = 1000 / (network.stride * STEP_MS)
        times_ms = []
        for _ in range(int(_TIMED_S * steps_a_second)):
            began_s = time.perf_counter()
            network.output(rows)
            times_ms.append((time.perf_counter() - began_s) * 1e3)
    return statistics.median(times_ms) * steps_a_second

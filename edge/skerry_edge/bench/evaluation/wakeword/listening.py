"""Recordings to scores: every score of every recording, so that any cut-off can be tried without hearing it again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skerry_edge.audio.decision import Refractory
from skerry_edge.audio.model import WakeWordModel
from skerry_edge.audio.pcm import SAMPLE_RATE_HZ
from skerry_edge.audio.recordings import RecordingSource, find_recordings
from skerry_edge.audio.stream import SoundStream
from skerry_edge.audio.word import word_of
from skerry_edge.backends.base import BackendError
from skerry_edge.foundation.errors import DataError, ReachError, SkerryError

WordStart = Callable[[Path], float | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class HeardRecording:
    """One recording's scores, float64 (n,), and their places in seconds; ``word_s`` is where its word begins.

    ``word_s`` is None where nobody said so.
    """

    name: str
    duration_s: float
    times_s: NDArray[np.float64]
    scores: NDArray[np.float64]
    word_s: float | None

    def detections(self, cutoff: float, refractory_s: float) -> list[int]:
        """Return the places among the scores at which a device would report the word."""
        refractory = Refractory(refractory_s)
        above = np.flatnonzero(self.scores > cutoff)
        return [int(place) for place in above if refractory.counts(float(self.times_s[place]))]

    @property
    def best_score(self) -> float:
        """The highest score."""
        return float(self.scores.max(initial=0.0))


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """A recording that could not be heard to its end, and why."""

    name: str
    error: SkerryError


def recordings_in(folder: Path) -> list[Path]:
    """Return a folder's recordings, sorted. Raises ReachError where there is no folder, DataError for an empty one."""
    if not folder.is_dir():
        raise ReachError("there is no such folder", where=str(folder))
    return find_recordings(folder)


def hear_all(
    model: WakeWordModel, paths: Iterable[Path], word_start: WordStart, heard: Callable[[], None]
) -> tuple[list[HeardRecording], list[Failed]]:
    """Hear recordings, each as a stream of its own; ``heard`` is called after each.

    ``word_start`` says where a recording's word begins, or raises what is left out then: DataError or ReachError.

    One that fails is given back as such, and the next one follows. Raises MissingError without the `wakeword` extra.
    """
    whole, failed = [], []
    for path in paths:
        try:
            whole.append(_hear(model, path, word_start(path)))
        except (DataError, ReachError, BackendError) as error:
            failed.append(Failed(name=str(path), error=error))
        heard()
    return whole, failed


def _hear(model: WakeWordModel, path: Path, word_s: float | None) -> HeardRecording:
    samples = 0
    steps = []
    with closing(SoundStream([word_of(model)])) as stream:
        for pcm in RecordingSource(path):
            samples += len(pcm)
            steps += stream.judge(pcm)
        stream.finish(where=str(path))
    return HeardRecording(
        name=str(path),
        duration_s=samples / SAMPLE_RATE_HZ,
        times_s=np.array([step.time_s for step in steps], np.float64),
        scores=np.array([step.score for step in steps], np.float64),
        word_s=word_s,
    )

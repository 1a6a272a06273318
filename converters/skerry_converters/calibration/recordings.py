"""Recordings as calibration data for wake-word networks: features of the device's front end, cut into inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from skerry_converters.calibration.items import CalibrationError, Item, Progress, Sample, choose, refuse_damaged
from skerry_edge.audio.features import CHANNELS, Features, FeatureStream
from skerry_edge.audio.recordings import RecordingSource, find_recordings
from skerry_edge.audio.step import STEP_MS
from skerry_edge.contracts.manifest import AudioInput, Tensor
from skerry_edge.foundation.errors import ConfigError, DataError
from skerry_edge.foundation.file_hash import file_sha256


class RecordingFeatures:
    """WAV and FLAC files of a folder and below, each a run of inputs of ``tensor``'s length that follow one another.

    They do not overlap, and those of one recording stay together in order, as a streaming network hears them.
    """

    kind = "recordings"

    def __init__(self, folder: Path, audio: AudioInput, tensor: Tensor) -> None:
        """Raise DataError where there is no recording, ConfigError for a tensor that features do not fit."""
        self._folder = folder
        self._rows, self._shape = _window(audio, tensor)
        self._names = [path.relative_to(folder).as_posix() for path in find_recordings(folder)]

    def survey(self, limit: int, seed: int, progress: Progress) -> tuple[tuple[Item, ...], int]:
        """Listen to each chosen recording once. Raises CalibrationError naming those that cannot be used."""
        chosen = choose(self._names, limit, seed, str)
        items: list[Item] = []
        damaged: list[DataError] = []
        for done, name in enumerate(chosen):
            progress(done, len(chosen))
            digest = file_sha256(self._folder / name)
            try:
                samples = sum(1 for _ in self._inputs(name))
                self._refuse_short(name, samples)
            except DataError as error:
                damaged.append(error)
                continue
            items.append(Item(name=name, file_sha256=digest, content_sha256=digest, samples=samples))
        refuse_damaged(damaged, len(chosen))
        return tuple(items), len(self._names)

    def read(self, items: Sequence[Item]) -> Iterator[Sample]:
        """Yield the inputs of one recording after the other."""
        for item in items:
            for features in self._inputs(item.name):
                yield Sample(item=item, value=features.reshape(self._shape).astype(np.float32))

    def _inputs(self, name: str) -> Iterator[Features]:
        stream = FeatureStream()
        pending: Features = np.empty((0, CHANNELS))
        for pcm in RecordingSource(self._folder / name):
            pending = np.concatenate((pending, stream.process(pcm)))
            while len(pending) >= self._rows:
                yield pending[: self._rows]
                pending = pending[self._rows :]

    def _refuse_short(self, name: str, samples: int) -> None:
        if not samples:
            raise CalibrationError(
                "the recording is shorter than one input of the network",
                where=str(self._folder / name),
                found=f"less than {self._rows * STEP_MS} ms of features",
            )


def _window(audio: AudioInput, tensor: Tensor) -> tuple[int, tuple[int, ...]]:
    """Return how many feature rows one input takes, and its shape without the batch axis."""
    batch, *shape = tensor.shape
    if audio.feature_step_ms != STEP_MS:
        raise ConfigError(
            "the network needs another feature step than the front end has",
            where=f"tensor '{tensor.name}'",
            found=f"{audio.feature_step_ms} ms, the front end has {STEP_MS} ms",
        )
    if batch != 1 or not shape or int(np.prod(shape)) != shape[0] * CHANNELS:
        raise ConfigError(
            "the network's input has no room for the front end's features",
            where=f"tensor '{tensor.name}'",
            found=f"{tensor.shape}, expected (1, rows, {CHANNELS})",
        )
    return shape[0], tuple(shape)

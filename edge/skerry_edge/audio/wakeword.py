"""The streaming wake-word detector: features in, one probability for each stride, detections out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from skerry_edge.audio.decision import DEFAULT_REFRACTORY_S, DecisionRule, Step, WordDecision
from skerry_edge.audio.features import CHANNELS, Features, FeatureStream, heard_s
from skerry_edge.audio.model import WakeWordModel, find_model
from skerry_edge.audio.pcm import Pcm
from skerry_edge.backends.base import Backend, BackendOptions, ModelFileError, TensorInfo
from skerry_edge.backends.registry import open_backend
from skerry_edge.foundation.errors import DataError

BACKEND = "litert"
"""The one backend that keeps the state of a streaming TFLite model between calls."""
_QUANTIZED = ("int8", "uint8")


@dataclass(frozen=True, kw_only=True, slots=True)
class ListenOptions:
    """How to listen: ``threshold`` replaces the model's own cut-off; one thread is fastest for models this small."""

    threshold: float | None = None
    refractory_s: float = DEFAULT_REFRACTORY_S
    backend: BackendOptions = field(default_factory=lambda: BackendOptions(threads=1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    """A wake word that was heard: ``time_s`` from the start of the stream to where it was certain; score in 0..1."""

    word: str
    time_s: float
    score: float


class StreamingNetwork:
    """A loaded streaming model, which keeps its own state from step to step; a new stream needs a new one."""

    def __init__(self, backend: Backend, where: str) -> None:
        """Take over ``backend``. Raises ModelFileError where its tensors are not those of a streaming wake word."""
        self._backend = backend
        self._input, self._output = _check_tensors(backend, where)
        self.stride = self._input.shape[1]
        """How many feature rows one step takes."""

    def probability(self, features: Features) -> float:
        """Run one step on features of shape (stride, 40). Raises BackendError.

        The arithmetic is that of `pymicro-wakeword`, to the last bit. It differs in one place: a feature beyond the
        top of the input's range (a pure tone at full scale reaches it) is clipped, as in ESPHome's firmware, where
        the reference casts it and lets it wrap around to the bottom.
        """
        tensor = self._input
        bounds = np.iinfo(tensor.dtype)
        scaled = np.round(features[np.newaxis] / tensor.scale + tensor.zero_point)
        (output,) = self._backend.infer((np.clip(scaled, bounds.min, bounds.max).astype(tensor.dtype),))
        return float(((output.astype(np.float32) - self._output.zero_point) * self._output.scale).item())

    def close(self) -> None:
        """Release the runtime's resources."""
        self._backend.close()


class WordStream:
    """One stream of sound under one model: features, network state and decision, all of them fresh."""

    def __init__(self, model: WakeWordModel, options: ListenOptions) -> None:
        backend = open_backend(BACKEND, model.path, options.backend)
        cutoff = model.cutoff if options.threshold is None else options.threshold
        self._network = StreamingNetwork(backend, str(model.path))
        self._features = FeatureStream()
        self._decision = WordDecision(
            DecisionRule(cutoff=cutoff, window=model.window, refractory_s=options.refractory_s)
        )
        self._pending: Features = np.empty((0, CHANNELS))
        self._rows = 0
        self.shortest_s = heard_s(self._network.stride * model.window)

    @property
    def judged_s(self) -> float:
        """The seconds of sound that have a score."""
        return heard_s(self._rows) if self._rows else 0.0

    def judge(self, pcm: Pcm) -> list[Step]:
        """Listen to the next samples, and return every score with its place in the stream."""
        self._pending = np.concatenate((self._pending, self._features.process(pcm)))
        stride = self._network.stride
        steps = []
        while len(self._pending) >= stride:
            probability = self._network.probability(self._pending[:stride])
            self._pending = self._pending[stride:]
            self._rows += stride
            steps.append(self._decision.judge(probability, heard_s(self._rows)))
        return steps

    def finish(self, *, where: str) -> None:
        """End the stream. Raises DataError where it was too short to be judged, which is not "no wake word"."""
        if self.judged_s < self.shortest_s:
            raise DataError(
                "the recording is too short to hear a word in",
                where=where,
                found=f"less than the {self.shortest_s:.2f} s that the first score needs",
            )

    def close(self) -> None:
        """Release the runtime's resources."""
        self._network.close()


class WakeWordListener:
    """One wake word listening to one stream at a time: feed it sound in order, in chunks of any length."""

    def __init__(self, model: WakeWordModel, options: ListenOptions) -> None:
        self._model = model
        self._options = options
        self._stream = WordStream(model, options)

    @classmethod
    def open(cls, model: str | Path, options: ListenOptions | None = None) -> WakeWordListener:
        """Open a model by name or path.

        Raises ConfigError for an unknown name or a manifest that does not fit, ReachError and DataError for a
        file that cannot be read or is no streaming model, MissingError where the `wakeword` extra is not installed.
        """
        return cls(find_model(str(model)), options or ListenOptions())

    @property
    def word(self) -> str:
        """The wake word as its manifest spells it."""
        return self._model.word

    def process(self, pcm: Pcm) -> list[Detection]:
        """Listen to the next samples, shape (n,), int16; return what was heard. Raises DataError and BackendError."""
        return [
            Detection(word=self.word, time_s=step.time_s, score=step.score)
            for step in self._stream.judge(pcm)
            if step.detected
        ]

    def finish(self, *, where: str) -> None:
        """End a recording. Raises DataError where it was too short to be judged, which is not "no wake word"."""
        self._stream.finish(where=where)

    def restart(self) -> None:
        """Begin a new stream with no memory of the last one.

        It loads the model anew: resetting the variables of a used interpreter leaves state behind and gives
        wrong scores.
        """
        self._stream.close()
        self._stream = WordStream(self._model, self._options)

    def close(self) -> None:
        """Release the runtime's resources."""
        self._stream.close()


def _check_tensors(backend: Backend, where: str) -> tuple[TensorInfo, TensorInfo]:
    inputs, outputs = backend.inputs, backend.outputs
    fits = (
        len(inputs) == len(outputs) == 1
        and len(inputs[0].shape) == 3
        and inputs[0].shape[0] == 1
        and inputs[0].shape[1] >= 1
        and inputs[0].shape[2] == CHANNELS
        and int(np.prod(outputs[0].shape)) == 1
        and all(one.dtype.name in _QUANTIZED and one.scale > 0 for one in (inputs[0], outputs[0]))
    )
    if not fits:
        tensors = ", ".join(f"{one.dtype} {list(one.shape)}" for one in (*inputs, *outputs))
        raise ModelFileError(
            "this is no streaming wake-word model",
            where=where,
            found=f"{tensors}; expected one quantized input [1, stride, {CHANNELS}] and one quantized output [1, 1]",
        )
    return inputs[0], outputs[0]

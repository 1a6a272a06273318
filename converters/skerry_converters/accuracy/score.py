"""How close an int8 file comes to its float network on calibration samples; the data of the verdict is not seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from skerry_converters.accuracy.float_graph import FloatArray
from skerry_converters.accuracy.report import Score
from skerry_converters.families.tensors import declared
from skerry_converters.gates.accuracy import POINTS
from skerry_converters.gates.metrics import OutputMeter
from skerry_converters.gates.real_outputs import real_values
from skerry_converters.sources.base import Description, ModelFile
from skerry_edge.backends.base import Array
from skerry_edge.backends.registry import backend_for, open_backend
from skerry_edge.bench.average_precision import mean_average_precision
from skerry_edge.bench.ground_truth import GroundTruth
from skerry_edge.bench.matching import LOW_SCORE, Matcher
from skerry_edge.contracts.manifest import ImageInput, MicroWakeWord, Raw, Tensor
from skerry_edge.vision.decoders.base import Decoder
from skerry_edge.vision.decoders.registry import decoder_for
from skerry_edge.vision.detections import Detections, no_detections
from skerry_edge.vision.geometry import Size, stretched
from skerry_edge.vision.normalise import stored

SURE_SCORE = 0.25
"""The float network's detections count as the truth above this score, or the manifest's threshold where it is higher.

Some manifests report down to 0.005 so that curves are whole; most of that is noise.
"""
PERFECT_DB = 120.0
"""What stands for an output without any error, so that means stay finite."""

Values = tuple[Array, ...]


class Scorer:
    """Compares files with the float network; its outputs for ``samples`` are computed once and kept in memory.

    Raises ModelFileError and BackendError where the float file cannot be run.
    """

    def __init__(self, model: ModelFile, backend: str, description: Description, samples: Sequence[FloatArray]) -> None:
        self._model = model
        self._backend = backend
        self._samples = samples
        self._classes = max(1, len(description.labels))
        self._finder = _Finder.of(description, model.outputs)
        self._wanted = list(self._outputs(model.path, _float_backend(model.path)))
        self._truths = [self._finder.truth(values) for values in self._wanted] if self._finder else []

    @property
    def boxes(self) -> int:
        """How many boxes the float network finds in all samples."""
        return sum(len(one) for one in self._truths)

    @property
    def samples(self) -> int:
        """How many samples files are compared on."""
        return len(self._samples)

    def score(self, path: Path) -> Score:
        """Return a file's score. Raises ModelFileError and BackendError."""
        meters = [OutputMeter(tensor.name) for tensor in self._model.outputs]
        matcher = Matcher(self._classes)
        for place, values in enumerate(self._outputs(path, self._backend)):
            for meter, want, got in zip(meters, self._wanted[place], values, strict=True):
                meter.add(want, got)
            if self._finder:
                matcher.add(self._finder.find(values), self._truths[place])
        kept = POINTS * mean_average_precision(matcher.matches()) if self.boxes else None
        return Score(sqnr_db=sum(_decibels(meter) for meter in meters) / len(meters), kept_points=kept)

    def largest_error(self, path: Path) -> float:
        """Return the largest difference of any output of a float file that ought to compute the same.

        NaN where a value is not finite on either side.
        """
        errors = [
            float(np.abs(want - got).max())
            for wanted, values in zip(self._wanted, self._outputs(path, _float_backend(path)), strict=True)
            for want, got in zip(wanted, values, strict=True)
        ]
        # Not `max`, which loses a NaN that does not come first.
        return float(np.max(errors))

    def _outputs(self, path: Path, backend: str) -> Iterator[Values]:
        """Yield the real values of a file's outputs for one sample after the other."""
        inputs, outputs = declared(backend, path, self._model.inputs, self._model.outputs)
        with closing(open_backend(backend, path)) as loaded:
            for sample in self._samples:
                given = loaded.infer((stored(sample.astype(np.float64), inputs[0]),))
                yield tuple(
                    real_values(one, tensor).astype(np.float32) for one, tensor in zip(given, outputs, strict=True)
                )


class _Finder:
    """Decodes outputs to boxes in the network's own input, where a sample's source picture is not known."""

    def __init__(self, decoder: Decoder, size: Size, threshold: float) -> None:
        self._decoder = decoder
        self._geometry = stretched(size, size)
        self._threshold = threshold

    @classmethod
    def of(cls, description: Description, outputs: tuple[Tensor, ...]) -> _Finder | None:
        """Return that of a network that finds things in pictures, and None for every other one."""
        image, spec = description.input, description.output
        if not isinstance(image, ImageInput) or isinstance(spec, MicroWakeWord | Raw):
            return None
        threshold = spec.score_threshold
        decoder = decoder_for(spec, outputs, image, min(LOW_SCORE, threshold))
        return cls(decoder, Size(image.width, image.height), max(SURE_SCORE, threshold))

    def find(self, values: Values) -> Detections:
        """Return all detections down to a score near 0; none where a value is not finite."""
        if not all(np.isfinite(one).all() for one in values):
            return no_detections()
        return self._decoder.decode(values, self._geometry)

    def truth(self, values: Values) -> GroundTruth:
        """Return what the float network is sure of, as objects to be found."""
        found = self.find(values)
        sure = found.scores > self._threshold
        nothing = np.zeros(int(sure.sum()), np.bool_)
        return GroundTruth(
            boxes_px=found.boxes_px[sure].astype(np.float64),
            class_ids=found.class_ids[sure],
            difficult=nothing,
            crowd=nothing,
        )


def _float_backend(path: Path) -> str:
    """Return the backend of a float file's own format, whatever runtime the int8 file is for."""
    return backend_for(path.suffix.removeprefix("."))


def _decibels(meter: OutputMeter) -> float:
    figures = meter.figures()
    if figures.exact:
        return PERFECT_DB
    if figures.not_finite or figures.sqnr_db is None:
        return -PERFECT_DB
    return figures.sqnr_db

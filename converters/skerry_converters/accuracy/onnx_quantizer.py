"""Accuracy-aware int8 by ONNX Runtime's quantizer."""

from __future__ import annotations

import hashlib
from pathlib import Path

from skerry_converters.accuracy.float_graph import Watch
from skerry_converters.accuracy.onnx_graph import OnnxGraph
from skerry_converters.accuracy.onnx_watch import watch_onnx
from skerry_converters.accuracy.recipe import Plan
from skerry_converters.families.base import Samples
from skerry_converters.families.onnx_quantizer import (
    Calibration,
    calibrate,
    quantize,
    quantized_activations,
    write_compact,
)
from skerry_converters.sources.base import ModelFile
from skerry_edge.foundation.errors import DataError


class OnnxQuantizer:
    """A `Quantizer` of a prepared network; each float file is calibrated once, however often it is quantized.

    There is one preset: what else ONNX Runtime offers, ranges apart, is for other processors. ``graph`` takes the
    ranges of tensors that get one of their own. Raises DataError where ONNX Runtime cannot calibrate or quantize the
    network; ``where`` names it in messages.
    """

    may_keep_float: bool = True
    corrects_biases: bool = False
    presets: tuple[str, ...] = ("",)

    def __init__(self, model: ModelFile, samples: Samples, *, where: str) -> None:
        self.model = model
        self._samples = samples
        self._where = where
        self._calibrations: dict[bytes, Calibration] = {}
        plain = quantize(model.path, self._calibration(model.path), where=where)
        self.graph = OnnxGraph(model.path, quantized_activations(plain))

    @property
    def watch(self) -> Watch:
        """Gives values inside the float file."""
        return watch_onnx

    def quantize(self, plan: Plan, path: Path) -> Path:
        """Write the int8 file of ``plan``.

        Raises DataError where ONNX Runtime cannot quantize the network, or a layer that is to stay float is not in it.
        """
        unknown = sorted(plan.kept_float - {one.name for one in self.graph.multipliers})
        if unknown:
            raise DataError(
                "the network has no layer that is to stay float", where=self._where, found=f"'{unknown[0]}'"
            )
        calibration = self._calibration(plan.float_file)
        model = quantize(plan.float_file, calibration, plan.ranges, plan.kept_float, where=self._where)
        write_compact(model, path)
        return path

    def _calibration(self, path: Path) -> Calibration:
        digest = hashlib.sha256(path.read_bytes()).digest()
        if digest not in self._calibrations:
            self._calibrations[digest] = calibrate(path, self._samples, where=self._where)
        return self._calibrations[digest]

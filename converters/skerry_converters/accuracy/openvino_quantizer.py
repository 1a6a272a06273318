"""Accuracy-aware int8 by NNCF for OpenVINO."""

from __future__ import annotations

import itertools
from functools import lru_cache
from pathlib import Path

from skerry_converters.accuracy.float_graph import FloatGraph, Watch
from skerry_converters.accuracy.openvino_layers import layer_names, put_back
from skerry_converters.accuracy.openvino_ranges import ranged_tensors, set_ranges
from skerry_converters.accuracy.recipe import Plan
from skerry_converters.families.base import FloatArray, Samples
from skerry_converters.families.nncf_quantizer import BiasCorrection, quantize
from skerry_converters.families.openvino_conversion import Model, converted, save
from skerry_converters.sources.base import ModelFile
from skerry_edge.foundation.errors import DataError

PRESETS: dict[str, BiasCorrection] = {"fast-bias-correction": "fast", "bias-correction": "accurate"}
_KEPT_MODELS = 2


class OpenVinoQuantizer:
    """A `Quantizer` of a float ONNX or TFLite file that ``graph`` describes and ``watch`` runs.

    A float file is quantized once with each preset: ranges and layers in float are set in what NNCF made of it.
    The presets are NNCF's two ways to correct biases; its symmetric activations are never more accurate, and left out.
    ``where`` names the network in messages.
    """

    may_keep_float: bool = True
    corrects_biases: bool = True
    presets: tuple[str, ...] = tuple(PRESETS)

    def __init__(self, model: ModelFile, graph: FloatGraph, watch: Watch, samples: Samples, *, where: str) -> None:
        self.model = model
        self.graph = graph
        self.watch = watch
        self._samples = samples
        self._where = where
        self._quantized = lru_cache(_KEPT_MODELS)(self._quantize)

    def quantize(self, plan: Plan, path: Path) -> Path:
        """Write the int8 file of ``plan`` as `.xml` and `.bin`, and return the former.

        Ranges of tensors that have none, or one for each channel, are passed over. Raises DataError where NNCF cannot
        quantize the network, or OpenVINO's model does not have a layer that is to stay float.
        """
        if plan.preset not in PRESETS:
            raise DataError("NNCF is not used in this way", where=self._where, found=f"preset '{plan.preset}'")
        original, quantized = self._quantized(plan.float_file, plan.preset)
        names = layer_names(original, self.graph.multipliers)
        unknown = sorted(plan.kept_float - names.keys())
        if unknown:
            raise DataError(
                "OpenVINO does not show which layer is to stay float", where=self._where, found=f"'{unknown[0]}'"
            )
        model = quantized.clone()
        set_ranges(model, plan.ranges)
        put_back(model, original, [names[one] for one in sorted(plan.kept_float)])
        return save(model, path.with_suffix(".xml"))

    def _quantize(self, path: Path, preset: str) -> tuple[Model, Model]:
        """Return the float model, and what NNCF makes of it."""
        model = converted(path, where=self._where)
        return model, quantize(model, self._samples, where=self._where, bias_correction=PRESETS[preset])


def tensors_with_ranges(path: Path, samples: Samples, *, where: str) -> frozenset[str]:
    """Return the tensors of a float file to which NNCF gives one range each. Raises DataError."""
    first: list[FloatArray] = list(itertools.islice(samples, 1))
    return ranged_tensors(quantize(converted(path, where=where), first, where=where, bias_correction="none"))

"""Int8 TFLite files with given ranges and layers kept float, by the calibrator and quantizer within TensorFlow."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from tensorflow.lite.python import schema_py_generated as schema

from skerry_converters.accuracy.float_graph import Watch
from skerry_converters.accuracy.recipe import Plan
from skerry_converters.accuracy.tflite_graph import TfliteGraph, read_graph
from skerry_converters.accuracy.tflite_multipliers import INPUTS, KERNEL
from skerry_converters.accuracy.tflite_watch import watch_tflite
from skerry_converters.families.base import Samples
from skerry_converters.families.tf_quantizer import calibrate, to_int8
from skerry_converters.sources.base import ModelFile
from skerry_converters.tflite_file.model import Operator, Subgraph
from skerry_converters.tflite_file.reader import parse_tflite, read_tflite
from skerry_edge.foundation.errors import DataError


class TfliteQuantizer:
    """A `Quantizer` of one float TFLite file that `prepare` has made fit.

    TensorFlow's quantizer has one way to quantize, so there is one preset, without a name. With an operator the
    activation that alone reads it stays float as well: between the two there is then no rounding.
    """

    presets: tuple[str, ...] = ("",)
    corrects_biases: bool = False

    def __init__(self, model: ModelFile, samples: Samples, *, where: str, may_keep_float: bool) -> None:
        """Read the file; ``samples`` are in its own layout, ``where`` names the source in messages.

        Raises TfliteFileError where the file is no sound model.
        """
        self.model = model
        self.may_keep_float = may_keep_float
        self.graph: TfliteGraph = read_graph(model.path)
        self._samples = samples
        self._where = where
        self._calibrated: dict[Path, bytes] = {}

    @property
    def watch(self) -> Watch:
        """Gives values inside the float file."""
        return watch_tflite

    def quantize(self, plan: Plan, path: Path) -> Path:
        """Write the int8 file of ``plan`` to ``path`` and return it.

        Raises DataError where TensorFlow cannot, where a tensor takes no range, and where what was to stay float did
        not; ConfigError where the samples do not fit.
        """
        where = self._where
        if plan.float_file not in self._calibrated:
            self._calibrated[plan.float_file] = calibrate(plan.float_file.read_bytes(), self._samples, where=where)
        ranged = with_ranges(self._calibrated[plan.float_file], plan.ranges, where=where)
        activations = {self.graph.activations[name] for name in plan.kept_float if name in self.graph.activations}
        path.write_bytes(to_int8(ranged, kept_float=plan.kept_float | activations, where=where))
        _check_kept(plan, path, where)
        return path


def with_ranges(calibrated: bytes, ranges: Mapping[str, tuple[float, float]], *, where: str) -> bytes:
    """Return a file that `calibrate` has made with other ranges for some tensors, by name.

    Raises DataError for a tensor that was not calibrated, and for ends that are no range.
    """
    numbers = {tensor.name: tensor.index for tensor in parse_tflite(calibrated, where=where).main.tensors}
    buffer = bytearray(calibrated)
    graph = schema.Model.GetRootAs(buffer, 0).Subgraphs(0)
    for name, (low, high) in ranges.items():
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise DataError("this is no range for a tensor", where=f"{where}, tensor '{name}'", found=f"{low}..{high}")
        held = graph.Tensors(numbers[name]).Quantization() if name in numbers else None
        if held is None or held.MinLength() != 1 or held.MaxLength() != 1:
            raise DataError("a tensor takes no range", where=f"{where}, tensor '{name}'", found="it was not calibrated")
        # Views: writing to them writes to the buffer.
        held.MinAsNumpy()[:], held.MaxAsNumpy()[:] = low, high
    return bytes(buffer)


def _check_kept(plan: Plan, path: Path, where: str) -> None:
    """Raise DataError where an operator that was to stay float does not multiply in float, or is not there."""
    before, after = read_tflite(plan.float_file).main, read_tflite(path).main
    # Names change at the seams between float and integers, the order does not.
    names = [before.result(one).name for one in _multiplying(before)]
    kernels = [after.operand(one, KERNEL) for one in _multiplying(after)]
    if len(names) != len(kernels):
        found = f"{len(kernels)} of {len(names)} are left"
        raise DataError("TensorFlow changed the layers of the network", where=where, found=found)
    kept = {name for name, kernel in zip(names, kernels, strict=True) if kernel.type == "FLOAT32"}
    missing = plan.kept_float - kept
    if missing:
        raise DataError("TensorFlow did not keep a layer float", where=where, found=", ".join(sorted(missing)))


def _multiplying(graph: Subgraph) -> list[Operator]:
    return [operator for operator in graph.operators if operator.name in INPUTS]

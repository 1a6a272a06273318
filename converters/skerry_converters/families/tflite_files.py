"""TFLite files: float, half, dynamic-range, int8, and int8 weights with 16-bit activations."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

from skerry_converters.families.base import Built, Samples, Target, turned
from skerry_converters.families.macs import tflite_macs
from skerry_converters.families.tensors import declared
from skerry_converters.sources.base import FormName, ModelFile, SourceModel
from skerry_edge.contracts.manifest import Tensor

Precision = Literal["fp32", "fp16", "dynamic", "int8", "int8x16"]


def _target(precision: Precision, *, calibrated: bool = False) -> Target:
    def build(source: SourceModel, form: FormName, samples: Samples | None, folder: Path) -> Built:
        return build_tflite(source, form, precision, samples, folder)

    return Target(
        name=f"tflite-{precision}",
        format="tflite",
        precision=precision,
        forms=("function", "tflite"),
        tools=("tensorflow", "keras"),
        build=build,
        backend="litert",
        calibrated=calibrated,
        keeps_quantized=precision == "int8",
    )


def build_tflite(
    source: SourceModel, form: FormName, precision: Precision, samples: Samples | None, folder: Path
) -> Built:
    """Write `model-<precision>.tflite`: from a function by TensorFlow, from a float TFLite file by LiteRT's quantizer.

    A source that is quantized already is copied. Raises as `Target.make`.
    """
    path = folder / f"model-{precision}.tflite"
    if form == "function":
        from skerry_converters.families.tf_converter import convert_function  # noqa: PLC0415  # imports TensorFlow

        facts = source.facts
        function = source.to_function()
        fitting = turned(samples, facts.inputs, function.inputs) if samples is not None else None
        path.write_bytes(convert_function(function, precision, fitting, where=facts.where))
        return described(path, function.inputs, function.outputs)
    file = source.to_file("tflite", folder)
    if precision == "fp32" or source.facts.quantized:
        shutil.copyfile(file.path, path)
    else:
        _quantize(file, source, precision, samples, path)
    return described(path, file.inputs, file.outputs)


def _quantize(file: ModelFile, source: SourceModel, precision: Precision, samples: Samples | None, path: Path) -> None:
    from skerry_converters.families.tflite_quantizer import quantize_file  # noqa: PLC0415  # heavy

    facts = source.facts
    fitting = turned(samples, facts.inputs, file.inputs) if samples is not None else None
    path.write_bytes(quantize_file(file.path, precision, fitting, where=facts.where))


def described(path: Path, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> Built:
    """Return what is known of a TFLite file whose tensors have the shapes and layouts of ``inputs`` and ``outputs``."""
    entering, leaving = declared("litert", path, inputs, outputs)
    macs, kept_float = tflite_macs(path)
    return Built(files=(path,), inputs=entering, outputs=leaving, macs=macs, kept_float=kept_float)


TFLITE_TARGETS = (
    _target("fp32"),
    _target("fp16"),
    _target("dynamic"),
    _target("int8", calibrated=True),
    _target("int8x16", calibrated=True),
)

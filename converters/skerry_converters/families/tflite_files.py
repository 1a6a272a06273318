"""TFLite files: float, half, dynamic-range, int8, and int8 weights with 16-bit activations."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from skerry_converters.families.base import Built, Samples, Target, turned, versions
from skerry_converters.families.macs import tflite_macs
from skerry_converters.families.tensors import declared
from skerry_converters.sources.base import FormName, Function, SourceFacts, SourceModel
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
        tools=("tensorflow", "keras", "litert-quantizer"),
        build=build,
        backend="litert",
        calibrated=calibrated,
        keeps_quantized=precision == "int8",
    )


def build_tflite(
    source: SourceModel, form: FormName, precision: Precision, samples: Samples | None, folder: Path
) -> Built:
    """Write `model-<precision>.tflite`: from a function by TensorFlow's converter, else from a float TFLite file.

    A source that is quantized already is copied. Raises as `Target.make`.
    """
    facts = source.facts
    if form == "function":
        return build_from_function(source.to_function(), precision, facts, samples, folder)
    path = folder / f"model-{precision}.tflite"
    file = source.to_file("tflite", folder)
    if precision == "fp32" or facts.quantized:
        shutil.copyfile(file.path, path)
        return _built(path, file.inputs, file.outputs, file.tools)
    if precision == "fp16" or precision == "dynamic":  # noqa: PLR1714  # mypy follows this, not `in`
        from skerry_converters.families.tflite_quantizer import shrink_weights  # noqa: PLC0415  # heavy

        path.write_bytes(shrink_weights(file.path, precision, where=facts.where))
        tools = versions("litert-quantizer", "ai-edge-litert")
    else:
        from skerry_converters.families.tf_quantizer import quantize_file  # noqa: PLC0415  # imports TensorFlow

        assert samples is not None  # noqa: S101  # for the type checker; `Target.make` has asked
        fitting = turned(samples, facts.inputs, file.inputs)
        path.write_bytes(quantize_file(file.path, precision, fitting, where=facts.where))
        tools = versions("tensorflow")
    built = _built(path, file.inputs, file.outputs, {**file.tools, **tools})
    return replace(built, reference=file.path)


def build_from_function(
    function: Function, precision: Precision, facts: SourceFacts, samples: Samples | None, folder: Path
) -> Built:
    """Write `model-<precision>.tflite` from a function of the source that ``facts`` are of. Raises as `Target.make`."""
    from skerry_converters.families.tf_converter import convert_function  # noqa: PLC0415  # imports TensorFlow

    path = folder / f"model-{precision}.tflite"
    fitting = turned(samples, facts.inputs, function.inputs) if samples is not None else None
    path.write_bytes(convert_function(function, precision, fitting, where=facts.where))
    built = _built(path, function.inputs, function.outputs, versions("tensorflow", "keras"))
    if precision == "fp32":
        return built
    reference = folder / "reference.tflite"
    reference.write_bytes(convert_function(function, "fp32", None, where=facts.where))
    return replace(built, reference=reference)


def _built(path: Path, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...], tools: Mapping[str, str]) -> Built:
    """Return what is known of a TFLite file whose tensors have the shapes and layouts of ``inputs`` and ``outputs``."""
    entering, leaving = declared("litert", path, inputs, outputs)
    macs, kept_float = tflite_macs(path)
    return Built(files=(path,), inputs=entering, outputs=leaving, macs=macs, tools=tools, kept_float=kept_float)


TFLITE_TARGETS = (
    _target("fp32"),
    _target("fp16"),
    _target("dynamic"),
    _target("int8", calibrated=True),
    _target("int8x16", calibrated=True),
)

"""TFLite files: float, half, dynamic-range, int8, and int8 weights with 16-bit activations."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Literal

from skerry_converters.accuracy.recipe import Goal
from skerry_converters.accuracy.search import search
from skerry_converters.families.base import Built, Samples, Target, turned, versions
from skerry_converters.families.macs import tflite_macs
from skerry_converters.families.tensors import declared
from skerry_converters.sources.base import FormName, Function, ModelFile, SourceFacts, SourceModel

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
        build_accurate=build_accurate_tflite if precision == "int8" else None,
    )


def build_tflite(
    source: SourceModel, form: FormName, precision: Precision, samples: Samples | None, folder: Path
) -> Built:
    """Write `model-<precision>.tflite`. A source that is quantized already is copied. Raises as `Target.make`."""
    facts = source.facts
    if precision == "fp16" or precision == "dynamic":  # noqa: PLR1714  # mypy follows this, not `in`
        return _shrunk(source, form, precision, folder)
    file = float_file(source, form, folder)
    if precision == "fp32" or facts.quantized:
        path = folder / f"model-{precision}.tflite"
        shutil.copyfile(file.path, path)
        return _built(path, file)
    return build_integer(file, precision, facts, samples, folder)


def build_accurate_tflite(source: SourceModel, form: FormName, samples: Samples, folder: Path, goal: Goal) -> Built:
    """Write `model-int8.tflite`, found by a search in which layers may stay float. Raises as `Target.make`."""
    return build_accurate(float_file(source, form, folder), source.facts, samples, folder, goal, may_keep_float=True)


def float_file(source: SourceModel, form: FormName, folder: Path) -> ModelFile:
    """Return a source as a TFLite file, which is a float one unless the source is quantized already."""
    if form == "function":
        return function_file(source.to_function(), folder, where=source.facts.where)
    return source.to_file("tflite", folder)


def function_file(function: Function, folder: Path, *, where: str) -> ModelFile:
    """Write a function as a float TFLite file; ``where`` names its source in errors. Raises DataError."""
    from skerry_converters.families.tf_converter import convert_function  # noqa: PLC0415  # imports TensorFlow

    path = folder / "source-float.tflite"
    path.write_bytes(convert_function(function, "fp32", where=where))
    return ModelFile(path=path, inputs=function.inputs, outputs=function.outputs, tools=versions("tensorflow", "keras"))


def build_integer(
    file: ModelFile, precision: Literal["int8", "int8x16"], facts: SourceFacts, samples: Samples | None, folder: Path
) -> Built:
    """Write `model-<precision>.tflite` from a float file of the source that ``facts`` are of. Raises DataError."""
    from skerry_converters.families.tf_quantizer import quantize_file  # noqa: PLC0415  # imports TensorFlow

    assert samples is not None  # noqa: S101  # for the type checker; `Target.make` has asked
    path = folder / f"model-{precision}.tflite"
    fitting = turned(samples, facts.inputs, file.inputs)
    path.write_bytes(quantize_file(file.path, precision, fitting, where=facts.where))
    return replace(_built(path, file, "tensorflow"), reference=file.path)


def build_accurate(
    file: ModelFile, facts: SourceFacts, samples: Samples, folder: Path, goal: Goal, *, may_keep_float: bool
) -> Built:
    """Do as `build_integer` for int8, by a search for a file that loses no more than ``goal`` allows."""
    from skerry_converters.accuracy.tflite_quantizer import TfliteQuantizer  # noqa: PLC0415  # imports TensorFlow
    from skerry_converters.families.tf_quantizer import prepare  # noqa: PLC0415  # imports TensorFlow

    fitting = turned(samples, facts.inputs, file.inputs)
    prepared = folder / "source-prepared.tflite"
    prepared.write_bytes(prepare(file.path.read_bytes(), fitting, where=facts.where))
    quantizer = TfliteQuantizer(replace(file, path=prepared), fitting, where=facts.where, may_keep_float=may_keep_float)
    (folder / "search").mkdir()
    found = search(quantizer, fitting, "litert", facts, goal, folder / "search")
    path = found.path.rename(folder / "model-int8.tflite")
    return replace(_built(path, file, "tensorflow"), search=found.report, reference=found.reference)


def _shrunk(source: SourceModel, form: FormName, precision: Literal["fp16", "dynamic"], folder: Path) -> Built:
    """Write a file with smaller weights: of a function by TensorFlow's converter, of a file by LiteRT's quantizer."""
    path, where = folder / f"model-{precision}.tflite", source.facts.where
    if form == "function":
        from skerry_converters.families.tf_converter import convert_function  # noqa: PLC0415  # imports TensorFlow

        function = source.to_function()
        file = function_file(function, folder, where=where)
        path.write_bytes(convert_function(function, precision, where=where))
        return replace(_built(path, file), reference=file.path)
    from skerry_converters.families.tflite_quantizer import shrink_weights  # noqa: PLC0415  # heavy

    file = source.to_file("tflite", folder)
    path.write_bytes(shrink_weights(file.path, precision, where=where))
    return replace(_built(path, file, "litert-quantizer", "ai-edge-litert"), reference=file.path)


def _built(path: Path, file: ModelFile, *tools: str) -> Built:
    """Return what is known of a TFLite file that ``tools`` made of ``file``: tensors of its shapes and layouts."""
    entering, leaving = declared("litert", path, file.inputs, file.outputs)
    macs, kept_float = tflite_macs(path)
    return Built(
        files=(path,),
        inputs=entering,
        outputs=leaving,
        macs=macs,
        tools={**file.tools, **versions(*tools)},
        kept_float=kept_float,
    )


TFLITE_TARGETS = (
    _target("fp32"),
    _target("fp16"),
    _target("dynamic"),
    _target("int8", calibrated=True),
    _target("int8x16", calibrated=True),
)

"""Edge TPU files: int8 TFLite without operators that it lacks, compiled where the compiler is installed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from skerry_converters.accuracy.recipe import Goal
from skerry_converters.edgetpu.compiler import PROGRAM, CompilerReport, compile_edgetpu
from skerry_converters.edgetpu.predict import explain
from skerry_converters.families.base import Built, Samples, Target
from skerry_converters.families.tflite_files import (
    build_accurate,
    build_integer,
    build_tflite,
    float_file,
    function_file,
)
from skerry_converters.sources.base import FormName, Function, ModelFile, SourceModel


def _int8(source: SourceModel, form: FormName, samples: Samples | None, folder: Path) -> Built:
    """Quantize to int8 throughout; then compile, or say that it is still to be done."""
    if source.facts.quantized:
        return _compiled(build_tflite(source, form, "int8", samples, folder), folder)
    file = _float_file(source, form, folder)
    return _compiled(build_integer(file, "int8", source.facts, samples, folder), folder)


def _accurate_int8(source: SourceModel, form: FormName, samples: Samples, folder: Path, goal: Goal) -> Built:
    """Do as `_int8` by a search; no layer stays float, since the first that does ends what runs on the Edge TPU."""
    file = _float_file(source, form, folder)
    return _compiled(build_accurate(file, source.facts, samples, folder, goal, may_keep_float=False), folder)


def _float_file(source: SourceModel, form: FormName, folder: Path) -> ModelFile:
    if form != "function":
        return float_file(source, form, folder)
    return function_file(without_leaky_relu(source.to_function()), folder, where=source.facts.where)


def _compiled(built: Built, folder: Path) -> Built:
    """Compile an int8 file where the compiler is here.

    The uncompiled file computes the same on any processor, so that is what a gate runs.
    """
    ready = built.files[0].replace(folder / "model-edgetpu-uncompiled.tflite")
    built = replace(built, files=(ready,))
    if shutil.which(PROGRAM) is None:
        prediction = explain(ready)
        share = f"{prediction.mapped_operators} of {len(prediction.operators)}"
        note = f"not compiled, since '{PROGRAM}' is not on the PATH; {share} operators are predicted to map"
        return replace(built, format="tflite", notes=(note,))
    report = compile_edgetpu(ready, folder)
    compiled = report.compiled.replace(folder / "model-edgetpu.tflite")
    return replace(
        built,
        files=(compiled, ready),
        runnable=ready,
        tools={**built.tools, PROGRAM: report.log.version},
        notes=_told(report),
    )


def without_leaky_relu(function: Function) -> Function:
    """Return a function whose Keras model has PRELU for each leaky ReLU; one of no Keras model is returned as it is.

    In float the two give the very same bits.
    """
    import keras  # noqa: PLC0415  # heavy

    from skerry_converters.sources.functions import freeze, keras_call  # noqa: PLC0415  # imports TensorFlow

    model = function.owner
    if not isinstance(model, keras.Model) or not any(_is_leaky(layer) for layer in model.layers):
        return function
    rewritten = keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=_call)
    return replace(function, concrete=freeze(keras_call(rewritten), function.inputs), owner=rewritten)


def _call(layer: Any, *values: Any, **options: Any) -> Any:  # noqa: ANN401  # Keras ships no types
    from skerry_converters.edgetpu.leaky import leaky_as_prelu  # noqa: PLC0415  # imports Keras

    if _is_leaky(layer) and len(values[0].shape) == 4:
        return leaky_as_prelu(values[0], float(layer.negative_slope), f"{layer.name}_prelu")
    return layer(*values, **options)


def _is_leaky(layer: Any) -> bool:  # noqa: ANN401  # Keras ships no types
    return type(layer).__name__ == "LeakyReLU"


def _told(report: CompilerReport) -> tuple[str, ...]:
    done = f"{report.explanation.mapped_operators} of {len(report.explanation.operators)} operators are mapped"
    wrong = len(report.disagreements)
    return (done, f"the prediction was wrong about {wrong} of them") if wrong else (done,)


EDGETPU_TARGETS = (
    Target(
        name="edgetpu-int8",
        format="edgetpu",
        precision="int8",
        forms=("function", "tflite"),
        tools=("tensorflow", "keras", "litert-quantizer"),
        build=_int8,
        build_accurate=_accurate_int8,
        backend="litert",
        calibrated=True,
        keeps_quantized=True,
    ),
)

"""ONNX files: float, half, and static int8 in QDQ form by ONNX Runtime's quantizer."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from skerry_converters.accuracy.onnx_quantizer import OnnxQuantizer
from skerry_converters.accuracy.recipe import Goal
from skerry_converters.accuracy.search import search
from skerry_converters.families.base import Built, Samples, Target, turned, versions
from skerry_converters.families.macs import onnx_macs
from skerry_converters.families.onnx_quantizer import calibrate, prepare_for_quantization, quantize, write_compact
from skerry_converters.families.tensors import declared
from skerry_converters.sources.base import FormName, ModelFile, SourceModel


def _fp32(source: SourceModel, _form: FormName, _samples: Samples | None, folder: Path) -> Built:
    model = source.to_file("onnx", folder)
    path = folder / "model-fp32.onnx"
    shutil.copyfile(model.path, path)
    return _built(path, model)


def _fp16(source: SourceModel, _form: FormName, _samples: Samples | None, folder: Path) -> Built:
    """Halve weights and arithmetic; inputs and outputs stay float32, so that the device's code stays the same."""
    import onnx  # noqa: PLC0415  # heavy
    from onnxruntime.transformers.float16 import convert_float_to_float16  # noqa: PLC0415  # heavy

    model = source.to_file("onnx", folder)
    half = convert_float_to_float16(onnx.load(model.path), keep_io_types=True)
    path = folder / "model-fp16.onnx"
    path.write_bytes(half.SerializeToString(deterministic=True))
    return replace(_built(path, model, "onnxruntime"), reference=model.path)


def _int8(source: SourceModel, _form: FormName, samples: Samples | None, folder: Path) -> Built:
    """Quantize weights to int8 by channel and activations to uint8; inputs and outputs stay float32."""
    assert samples is not None  # noqa: S101  # for the type checker; `Target.make` has asked
    model = source.to_file("onnx", folder)
    where = source.facts.where
    prepared = prepare_for_quantization(model.path, folder, where=where)
    calibration = calibrate(prepared, turned(samples, source.facts.inputs, model.inputs), where=where)
    path = folder / "model-int8.onnx"
    write_compact(quantize(prepared, calibration, where=where), path)
    return replace(_built(path, model, "onnxruntime"), reference=prepared)


def _accurate_int8(source: SourceModel, _form: FormName, samples: Samples, folder: Path, goal: Goal) -> Built:
    """Search for a file such as `_int8` makes that loses no more than the goal allows."""
    model, where = source.to_file("onnx", folder), source.facts.where
    prepared = replace(model, path=prepare_for_quantization(model.path, folder, where=where))
    fitting = turned(samples, source.facts.inputs, model.inputs)
    quantizer = OnnxQuantizer(prepared, fitting, where=where)
    (folder / "search").mkdir()
    found = search(quantizer, fitting, "onnx", source.facts, goal, folder / "search")
    path = found.path.rename(folder / "model-int8.onnx")
    return replace(_built(path, model, "onnxruntime"), search=found.report, reference=found.reference)


def _built(path: Path, model: ModelFile, *tools: str) -> Built:
    inputs, outputs = declared("onnx", path, model.inputs, model.outputs)
    macs, kept_float = onnx_macs(path)
    return Built(
        files=(path,),
        inputs=inputs,
        outputs=outputs,
        macs=macs,
        tools={**model.tools, **versions("onnx", *tools)},
        kept_float=kept_float,
    )


ONNX_TARGETS = (
    Target(
        name="onnx-fp32", format="onnx", precision="fp32", forms=("onnx",), tools=("onnx",), build=_fp32, backend="onnx"
    ),
    Target(
        name="onnx-fp16",
        format="onnx",
        precision="fp16",
        forms=("onnx",),
        tools=("onnx", "onnxruntime"),
        build=_fp16,
        backend="onnx",
    ),
    Target(
        name="onnx-int8",
        format="onnx",
        precision="int8",
        forms=("onnx",),
        tools=("onnx", "onnxruntime"),
        build=_int8,
        backend="onnx",
        calibrated=True,
        build_accurate=_accurate_int8,
    ),
)

"""OpenVINO files: half-size weights, and int8 by NNCF's post-training quantization."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from skerry_converters.accuracy.onnx_graph import OnnxGraph
from skerry_converters.accuracy.onnx_watch import watch_onnx
from skerry_converters.accuracy.openvino_quantizer import OpenVinoQuantizer, tensors_with_ranges
from skerry_converters.accuracy.recipe import Goal
from skerry_converters.accuracy.search import search
from skerry_converters.families.base import Built, Samples, Target, turned, versions
from skerry_converters.families.macs import openvino_macs
from skerry_converters.families.nncf_quantizer import quantize
from skerry_converters.families.onnx_quantizer import prepare_for_quantization
from skerry_converters.families.openvino_conversion import Model, converted, import_openvino, save
from skerry_converters.families.tensors import declared
from skerry_converters.sources.base import FormName, ModelFile, SourceModel


def _fp16(source: SourceModel, form: FormName, _samples: Samples | None, folder: Path) -> Built:
    """Store weights as float16; the processor computes with what the backend asks for, on the CPU float32."""
    file = _file(source, form, folder)
    model = converted(file.path, where=source.facts.where)
    reference = save_reference(model, folder)
    return _built(save(model, folder / "model-fp16.xml"), file, reference, "openvino")


def _int8(source: SourceModel, form: FormName, samples: Samples | None, folder: Path) -> Built:
    """Quantize as `nncf_quantizer.quantize` does."""
    assert samples is not None  # noqa: S101  # for the type checker; `Target.make` has asked
    file, where = _file(source, form, folder), source.facts.where
    model = converted(file.path, where=where)
    reference = save_reference(model, folder)
    quantized = quantize(model, turned(samples, source.facts.inputs, file.inputs), where=where)
    return _built(save(quantized, folder / "model-int8.xml"), file, reference, "openvino", "nncf")


def _accurate_int8(source: SourceModel, form: FormName, samples: Samples, folder: Path, goal: Goal) -> Built:
    """Search for a file such as `_int8` makes that loses no more than the goal allows."""
    file, where = _file(source, form, folder), source.facts.where
    fitting = turned(samples, source.facts.inputs, file.inputs)
    quantizer = _quantizer(file, form, fitting, folder, where)
    (folder / "search").mkdir()
    found = search(quantizer, fitting, "openvino", source.facts, goal, folder / "search")
    path = folder / "model-int8.xml"
    for suffix in (".xml", ".bin"):
        found.path.with_suffix(suffix).rename(path.with_suffix(suffix))
    reference = save_reference(converted(found.reference, where=where), folder)
    return replace(_built(path, file, reference, "openvino", "nncf"), search=found.report)


def _quantizer(file: ModelFile, form: FormName, samples: Samples, folder: Path, where: str) -> OpenVinoQuantizer:
    if form == "tflite":
        from skerry_converters.accuracy.tflite_graph import read_graph  # noqa: PLC0415  # imports LiteRT
        from skerry_converters.accuracy.tflite_watch import watch_tflite  # noqa: PLC0415  # imports LiteRT

        return OpenVinoQuantizer(file, read_graph(file.path), watch_tflite, samples, where=where)
    prepared = prepare_for_quantization(file.path, folder, where=where)
    graph = OnnxGraph(prepared, tensors_with_ranges(prepared, samples, where=where))
    return OpenVinoQuantizer(replace(file, path=prepared), graph, watch_onnx, samples, where=where)


def _file(source: SourceModel, form: FormName, folder: Path) -> ModelFile:
    return source.to_file("tflite" if form == "tflite" else "onnx", folder)


def save_reference(model: Model, folder: Path) -> Path:
    """Write a float model as it is, for `Built.reference`.

    The source's file would not do: what has no name in it is numbered anew at each conversion.
    """
    path = folder / "reference.xml"
    import_openvino().save_model(model, path, compress_to_fp16=False)
    return path


def _built(path: Path, file: ModelFile, reference: Path, *tools: str) -> Built:
    inputs, outputs = declared("openvino", path, file.inputs, file.outputs)
    macs, kept_float = openvino_macs(path)
    return Built(
        files=(path, path.with_suffix(".bin")),
        inputs=inputs,
        outputs=outputs,
        macs=macs,
        tools={**file.tools, **versions(*tools)},
        kept_float=kept_float,
        reference=reference,
    )


OPENVINO_TARGETS = (
    Target(
        name="openvino-fp16",
        format="openvino",
        precision="fp16",
        forms=("onnx", "tflite"),
        tools=("openvino",),
        build=_fp16,
        backend="openvino",
    ),
    Target(
        name="openvino-int8",
        format="openvino",
        precision="int8",
        forms=("onnx", "tflite"),
        tools=("openvino", "nncf"),
        build=_int8,
        backend="openvino",
        calibrated=True,
        build_accurate=_accurate_int8,
    ),
)

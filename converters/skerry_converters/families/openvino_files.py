"""OpenVINO files: half-size weights, and int8 by NNCF's post-training quantization."""

from __future__ import annotations

import importlib
import logging
import sys
from pathlib import Path
from typing import Any

from skerry_converters.families.base import Built, Samples, Target, turned, versions
from skerry_converters.families.macs import openvino_macs
from skerry_converters.families.tensors import declared
from skerry_converters.sources.base import FormName, ModelFile, SourceModel
from skerry_edge.foundation.errors import DataError


def _fp16(source: SourceModel, form: FormName, _samples: Samples | None, folder: Path) -> Built:
    """Store weights as float16; the processor computes with what the backend asks for, on the CPU float32."""
    file = _file(source, form, folder)
    model = _converted(file, source)
    reference = save_reference(model, folder)
    return _saved(model, file, folder / "model-fp16.xml", reference, "openvino")


def _int8(source: SourceModel, form: FormName, samples: Samples | None, folder: Path) -> Built:
    """Quantize with symmetric weights and, where values are lopsided, asymmetric activations: NNCF's preset MIXED.

    Networks with leaky ReLU lose several points more with its default.
    """
    assert samples is not None  # noqa: S101  # for the type checker; `Target.make` has asked
    file = _file(source, form, folder)
    model = _converted(file, source)
    reference = save_reference(model, folder)
    nncf = importlib.import_module("nncf")
    nncf.set_log_level(logging.ERROR)
    fitting = turned(samples, source.facts.inputs, file.inputs)
    dataset = nncf.Dataset(fitting, lambda sample: {0: sample})
    preset = nncf.QuantizationPreset.MIXED
    try:
        quantized = nncf.quantize(model, dataset, preset=preset, subset_size=len(fitting))
    except (RuntimeError, ValueError, nncf.ValidationError, nncf.InternalError) as error:
        raise DataError("NNCF cannot quantize the network", where=source.facts.where, found=f"{error}"[:300]) from error
    return _saved(quantized, file, folder / "model-int8.xml", reference, "openvino", "nncf")


def _file(source: SourceModel, form: FormName, folder: Path) -> ModelFile:
    return source.to_file("tflite" if form == "tflite" else "onnx", folder)


def _converted(file: ModelFile, source: SourceModel) -> Any:  # noqa: ANN401  # openvino ships no types
    ov = _openvino()
    try:
        # Not `read_model`: it leaves biases unfolded, and depthwise convolutions would then stay in float.
        return ov.convert_model(file.path)
    except (RuntimeError, ValueError) as error:
        raise DataError(
            "OpenVINO cannot convert the network", where=source.facts.where, found=str(error).strip()[-300:]
        ) from error


def _openvino() -> Any:  # noqa: ANN401  # openvino ships no types
    """Import OpenVINO without its telemetry: a conversion tells nobody that it happened."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None makes an import fail
    return importlib.import_module("openvino")


def save_reference(model: Any, folder: Path) -> Path:  # noqa: ANN401  # openvino ships no types
    """Write a float model as it is, for `Built.reference`.

    The source's file would not do: what has no name in it is numbered anew at each conversion.
    """
    path = folder / "reference.xml"
    _openvino().save_model(model, path, compress_to_fp16=False)
    return path


def _saved(model: Any, file: ModelFile, path: Path, reference: Path, *tools: str) -> Built:  # noqa: ANN401  # openvino ships no types
    _openvino().save_model(model, path, compress_to_fp16=True)
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
    ),
)

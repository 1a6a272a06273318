"""ONNX files: float, half, and static int8 in QDQ form by ONNX Runtime's quantizer."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from skerry_converters.families.base import Built, FloatArray, Samples, Target, turned, versions
from skerry_converters.families.macs import onnx_macs
from skerry_converters.families.onnx_compact import compact
from skerry_converters.families.tensors import declared
from skerry_converters.sources.base import FormName, ModelFile, SourceModel
from skerry_edge.foundation.errors import DataError

LEAST_OPSET = 13
"""The first opset whose DequantizeLinear has an axis, which scales for each channel need."""


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
    import onnx  # noqa: PLC0415  # heavy
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static  # noqa: PLC0415  # heavy

    model = source.to_file("onnx", folder)
    prepared = prepare_for_quantization(model, folder)
    path = folder / "model-int8.onnx"
    logging.getLogger().setLevel(logging.ERROR)  # the quantizer speaks through the root logger
    try:
        quantize_static(
            prepared,
            path,
            SampleReader(turned(samples, source.facts.inputs, model.inputs), model.inputs[0].name),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
    except (ValueError, RuntimeError, AssertionError, KeyError) as error:
        raise DataError(
            "ONNX Runtime cannot quantize the network", where=source.facts.where, found=f"{error}"[:300]
        ) from error
    shortened = onnx.load(path)
    compact(shortened)
    path.write_bytes(shortened.SerializeToString(deterministic=True))
    return replace(_built(path, model, "onnxruntime"), reference=prepared)


def prepare_for_quantization(model: ModelFile, folder: Path) -> Path:
    """Write the network with batch norm folded and shapes known, at an opset that has scales for each channel."""
    import onnx  # noqa: PLC0415  # heavy
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415  # heavy

    path = model.path
    loaded = onnx.load(path)
    opset = next(one.version for one in loaded.opset_import if one.domain in ("", "ai.onnx"))
    if opset < LEAST_OPSET:
        path = folder / "source-raised.onnx"
        path.write_bytes(onnx.version_converter.convert_version(loaded, LEAST_OPSET).SerializeToString())
    prepared = folder / "source-prepared.onnx"
    # Symbolic shape inference needs sympy, and shapes are fixed here.
    quant_pre_process(path, prepared, skip_symbolic_shape=True)
    return prepared


class SampleReader:
    """Hands samples to ONNX Runtime's calibrator one by one."""

    def __init__(self, samples: Samples, name: str) -> None:
        self._left: Iterator[FloatArray] = iter(samples)
        self._name = name

    def get_next(self) -> dict[str, FloatArray] | None:
        """Return the next sample by the input's name, or None at the end."""
        sample = next(self._left, None)
        return None if sample is None else {self._name: sample}


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
    ),
)

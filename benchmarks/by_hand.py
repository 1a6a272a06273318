"""int8 files as the tools behind the converter give them when used by hand, with their documented defaults."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from benchmarks.voc_halves import Pictures
from numpy.typing import NDArray

Files = tuple[Path, ...]


def onnx_by_hand(source: Pictures, folder: Path) -> Files:
    """`quantize_static` with a data reader and nothing else said."""
    from onnxruntime.quantization import quantize_static  # noqa: PLC0415  # heavy

    model = source.source.to_file("onnx", folder)
    path = folder / "by-hand.onnx"
    quantize_static(model.path, path, _Reader(source, model.inputs[0].name))
    return (path,)


class _Reader:
    def __init__(self, pictures: Pictures, name: str) -> None:
        self._left: Iterator[NDArray[np.float32]] = iter(pictures)
        self._name = name

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        picture = next(self._left, None)
        return None if picture is None else {self._name: picture}


def tflite_by_hand(source: Pictures, folder: Path) -> Files:
    """Full integer quantization as TensorFlow's guide shows it (post_training_quantization)."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf  # noqa: PLC0415  # heavy

    function = source.source.to_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.concrete], function.owner)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([one.transpose(0, 2, 3, 1)] for one in source)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    path = folder / "by-hand.tflite"
    path.write_bytes(converter.convert())
    return (path,)


def openvino_by_hand(source: Pictures, folder: Path) -> Files:
    """`nncf.quantize` with a data set and nothing else said."""
    import openvino as ov  # noqa: PLC0415  # heavy

    model = source.source.to_file("onnx", folder)
    nncf = importlib.import_module("nncf")
    dataset = nncf.Dataset(source, lambda picture: {0: picture})
    path = folder / "by-hand.xml"
    ov.save_model(nncf.quantize(ov.convert_model(model.path), dataset), path)
    return (path, path.with_suffix(".bin"))


BY_HAND: Mapping[str, Callable[[Pictures, Path], Files]] = {
    "onnx-int8": onnx_by_hand,
    "tflite-int8": tflite_by_hand,
    "openvino-int8": openvino_by_hand,
}

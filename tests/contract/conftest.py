"""One small network in the format of every backend: y = 2 * x + 1 over float32 (1, 3)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


def _onnx_file(path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="the extra 'convert' is not installed")
    helper = onnx.helper
    shape = [1, 3]
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "two"], ["scaled"]), helper.make_node("Add", ["scaled", "one"], ["y"])],
        "doubled",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, shape)],
        [onnx.numpy_helper.from_array(np.full(1, value, np.float32), name) for name, value in (("two", 2), ("one", 1))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    path.write_bytes(model.SerializeToString())


def _tflite_file(path: Path) -> None:
    tensorflow = pytest.importorskip("tensorflow", reason="the extra 'convert' is not installed")
    signature = tensorflow.TensorSpec((1, 3), tensorflow.float32, name="x")
    function = tensorflow.function(lambda x: 2 * x + 1, input_signature=[signature])
    converter = tensorflow.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    path.write_bytes(converter.convert())


def _openvino_file(path: Path) -> None:
    openvino = pytest.importorskip("openvino", reason="the extra 'openvino' is not installed")
    opset = openvino.opset13
    entering = opset.parameter([1, 3], np.float32, name="x")
    doubled = opset.add(opset.multiply(entering, np.float32(2)), np.float32(1))
    xml = path.with_suffix(".xml")
    openvino.save_model(openvino.Model([doubled], [entering]), xml)
    xml.rename(path)


WRITERS: dict[str, Callable[[Path], None]] = {
    "onnx": _onnx_file,
    "tflite": _tflite_file,
    "openvino": _openvino_file,
    "edgetpu": _tflite_file,
}


@pytest.fixture(scope="session")
def doubling_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that gives the network's file in a format."""
    folder = tmp_path_factory.mktemp("models")

    def write(model_format: str) -> Path:
        path = folder / f"doubled.{model_format}"
        if not path.exists():
            WRITERS[model_format](path)
        return path

    return write

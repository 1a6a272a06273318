"""A network that finds red and blue squares, as a bundle in three variants, and `skerry detect` run in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skerry_edge.backends.registry import open_backend
from skerry_edge.contracts.bundle import artifact, write_bundle
from skerry_edge.contracts.manifest import (
    ImageInput,
    Manifest,
    Quantization,
    Source,
    Tensor,
    Variant,
    YoloRegion,
)

onnx = pytest.importorskip("onnx", reason="the extra 'convert' is not installed")
SIDE, CELL = 64, 16
CHANNELS = 7
# Rows: x, y, w, h, objectness, red, blue; columns: weights of red, green, blue. A cell that is red or blue and not
# green has an objectness logit of 20, any other of -20 or less; a box is exactly its cell.
WEIGHTS = np.array([[0, 0, 0]] * 4 + [[40, -80, 40], [20, 0, -20], [-20, 0, 20]], np.float32)
BIAS = np.array([0, 0, 0, 0, -20, 0, 0], np.float32)
BACKEND_OF = {"onnx": "onnx", "tflite": "litert"}


def onnx_of(nodes: list[Any], constants: dict[str, np.ndarray], output_shape: tuple[int, ...]) -> bytes:
    helper, float32 = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", float32, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("y", float32, list(output_shape))],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    return model.SerializeToString()


def squares_onnx() -> bytes:
    pool = onnx.helper.make_node("AveragePool", ["x"], ["p"], kernel_shape=[CELL, CELL], strides=[CELL, CELL])
    conv = onnx.helper.make_node("Conv", ["p", "w", "b"], ["y"])
    cells = SIDE // CELL
    return onnx_of([pool, conv], {"w": WEIGHTS[:, :, None, None], "b": BIAS}, (1, CHANNELS, cells, cells))


def squares_tflite(*, quantized: bool) -> bytes:
    tensorflow = pytest.importorskip("tensorflow", reason="the extra 'convert' is not installed")

    def network(x):
        pooled = tensorflow.nn.avg_pool2d(x, CELL, CELL, "VALID")
        return tensorflow.nn.conv2d(pooled, WEIGHTS.T[None, None], 1, "VALID") + BIAS

    signature = tensorflow.TensorSpec((1, SIDE, SIDE, 3), tensorflow.float32, name="x")
    function = tensorflow.function(network, input_signature=[signature]).get_concrete_function()
    converter = tensorflow.lite.TFLiteConverter.from_concrete_functions([function])
    if quantized:
        colours = np.eye(3, dtype=np.float32)
        samples = [np.broadcast_to(colour, (1, SIDE, SIDE, 3)) for colour in (*colours, np.ones(3, np.float32))]
        converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: [[sample.copy()] for sample in samples]
        converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tensorflow.int8
    return converter.convert()


def described(name: str, data: bytes, folder: Path) -> Variant:
    """Describe a model file by what its runtime reads out of it."""
    model_format, precision = name.split("-")
    path = folder / f"{name}.{model_format}"
    path.write_bytes(data)
    backend = open_backend(BACKEND_OF[model_format], path)
    tensors = [
        tuple(
            Tensor(
                name=info.name,
                shape=info.shape,
                layout="NCHW" if model_format == "onnx" else "NHWC",
                dtype=info.dtype.name,
                quantization=Quantization(scale=info.scale, zero_point=info.zero_point) if info.scale else None,
            )
            for info in infos
        )
        for infos in (backend.inputs, backend.outputs)
    ]
    listed = artifact(path.name, data)
    return Variant(
        file=listed.file,
        size=listed.size,
        sha256=listed.sha256,
        format=model_format,
        precision=precision,
        inputs=tensors[0],
        outputs=tensors[1],
    )


def manifest_of(variants: dict[str, Variant], **image: Any) -> Manifest:
    return Manifest(
        schema=1,
        name="squares",
        version="1.2.3",
        task="detection",
        labels=("red", "blue"),
        license="Apache-2.0",
        source=Source(kind="test", files={}),
        input=ImageInput(width=SIDE, height=SIDE, **image),
        output=YoloRegion(classes=2, anchors=((1.0, 1.0),), score_threshold=0.5),
        variants=variants,
    )


@dataclass(frozen=True)
class Squares:
    """The model files by variant, and bundles made of them."""

    folder: Path
    files: dict[str, bytes]

    def bundle(self, name: str, **image: Any) -> Path:
        """Return a bundle whose manifest's input has the given settings."""
        path = self.folder / f"{name}.skerry"
        if not path.exists():
            variants = {key: described(key, data, self.folder) for key, data in self.files.items()}
            contents = {variant.file: self.files[key] for key, variant in variants.items()}
            write_bundle(path, manifest_of(variants, **image), contents)
        return path


@pytest.fixture(scope="session")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Squares:
    """The network in every format and precision of this issue's backends."""
    files = {
        "onnx-fp32": squares_onnx(),
        "tflite-fp32": squares_tflite(quantized=False),
        "tflite-int8": squares_tflite(quantized=True),
    }
    return Squares(folder=tmp_path_factory.mktemp("squares"), files=files)


@pytest.fixture(scope="session")
def squares_bundle(squares: Squares) -> Path:
    """The bundle with a stretched input."""
    return squares.bundle("stretched")


@pytest.fixture
def bundle_with_output(tmp_path: Path) -> Callable[[np.ndarray], Path]:
    """Return a function that makes a bundle whose network gives ``raw``, whatever it sees."""

    def make(raw: np.ndarray) -> Path:
        node = onnx.helper.make_node("Identity", ["raw"], ["y"])
        data = onnx_of([node], {"raw": raw.astype(np.float32)}, raw.shape)
        variant = described("onnx-fp32", data, tmp_path)
        path = tmp_path / "constant.skerry"
        write_bundle(path, manifest_of({"onnx-fp32": variant}), {variant.file: data})
        return path

    return make


@pytest.fixture
def scene() -> Callable[..., np.ndarray]:
    """Return a function that paints colours into boxes (x_min, y_min, x_max, y_max) on black."""

    def paint(height: int, width: int, *squares: tuple[str, tuple[int, int, int, int]]) -> np.ndarray:
        pixels = np.zeros((height, width, 3), np.uint8)
        for label, (left, top, right, bottom) in squares:
            pixels[top:bottom, left:right] = {"red": (0, 0, 255), "blue": (255, 0, 0)}[label]
        return pixels

    return paint

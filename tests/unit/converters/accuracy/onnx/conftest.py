"""Small ONNX networks, drawn node by node with weights from a seed, and what they compute."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

CHANNELS, SIDE = 4, 8


class Drawing:
    """One network with the input `x` of (1, 4, 8, 8); nodes are named after what they make, in capitals."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(1)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, values: object, dtype: type = np.float32) -> str:
        self.constants.append(numpy_helper.from_array(np.array(values, dtype), name))
        return name

    def seeded(self, name: str, *shape: int) -> str:
        return self.constant(name, self.random.normal(size=shape))

    def node(self, kind: str, reads: list[str], makes: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, reads, [makes], name=makes.upper(), **attributes))
        return makes

    def conv(
        self,
        reads: str,
        makes: str,
        channels: int = CHANNELS,
        *,
        filters: int = CHANNELS,
        side: int = 1,
        groups: int = 1,
    ) -> str:
        """Add a convolution that keeps height and width, with a bias."""
        kernel = self.seeded(f"{makes}_w", filters, channels // groups, side, side)
        bias = self.seeded(f"{makes}_b", filters)
        return self.node("Conv", [reads, kernel, bias], makes, group=groups, pads=[side // 2] * 4)

    def save(self, path: Path, *outputs: str, shape: tuple[int, ...] = (1, CHANNELS, SIDE, SIDE)) -> Path:
        """Write the network with all shapes."""
        graph = helper.make_graph(
            self.nodes,
            "drawn",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.save(onnx.shape_inference.infer_shapes(model, strict_mode=True), path)
        return path


@pytest.fixture
def drawing() -> Drawing:
    """A new network."""
    return Drawing()


@pytest.fixture(scope="session")
def run() -> Callable[..., list[np.ndarray]]:
    """Return a function that runs a file on a sample, made from a seed where none is given."""

    def compute(path: Path, sample: np.ndarray | None = None) -> list[np.ndarray]:
        session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        (entering,) = session.get_inputs()
        if sample is None:
            sample = np.random.default_rng(9).normal(size=entering.shape).astype(np.float32)
        return list(session.run(None, {entering.name: sample}))

    return compute


class CountedSamples:
    """Seeded samples that count how often they are gone over."""

    def __init__(self, shape: tuple[int, ...], count: int) -> None:
        self.shape, self.count, self.passes = shape, count, 0

    def __len__(self) -> int:
        return self.count

    def __iter__(self):
        self.passes += 1
        random = np.random.default_rng(4)
        return (random.normal(size=self.shape).astype(np.float32) for _ in range(self.count))


@pytest.fixture
def samples() -> CountedSamples:
    """Eight samples for the input of a drawing."""
    return CountedSamples((1, CHANNELS, SIDE, SIDE), 8)

"""Write ONNX networks as frameworks export them, with seeded weights: `python make_onnx_networks.py KIND PATH`.

`mobilenet` is a classifier of inverted residuals, `yolo` a detector that ends as Ultralytics' exports of YOLOv8 do.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
BINS = 16
"""Of YOLOv8's distribution over distances from a cell's centre to a box's sides."""
STRIDES = (8, 16, 32)


class Graph:
    """Gathers nodes and constants of one network."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self._nodes: list[Any] = []
        self._constants: dict[str, np.ndarray] = {}

    def constant(self, values: Any) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants[name] = np.asarray(values)
        return name

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def add(self, kind: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> list[str]:
        number = len(self._nodes)
        names = [f"{kind.lower()}_{number}_{place}" for place in range(outputs)]
        self._nodes.append(helper.make_node(kind, inputs, names, name=f"/{kind}_{number}", **attributes))
        return names

    def one(self, kind: str, *inputs: str, **attributes: Any) -> str:
        return self.add(kind, inputs, **attributes)[0]

    def convolve(
        self, x: str, channels: tuple[int, int], size: int = 3, stride: int = 1, groups: int = 1, **more: Any
    ) -> str:
        """Add a convolution of He-normal weights; ``more`` may hold a bias and a factor for the weights."""
        entering, filters = channels
        deviation = (2 * groups / (entering * size * size)) ** 0.5 * more.get("factor", 1.0)
        shape = (filters, entering // groups, size, size)
        kernel = self.constant(self.random.normal(0, deviation, shape).astype(np.float32))
        bias = self.constant(np.full(filters, more.get("bias", 0.0), np.float32))
        return self.one(
            "Conv", x, kernel, bias, strides=[stride] * 2, pads=[size // 2] * 4, group=groups, kernel_shape=[size] * 2
        )

    def save(self, path: str, entering: Sequence[Any], leaving: Sequence[Any], output: str) -> None:
        graph = helper.make_graph(
            self._nodes,
            "main_graph",
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, entering)],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, leaving)],
            [numpy_helper.from_array(value, name) for name, value in self._constants.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)


def mobilenet(path: str, size: int = 96, classes: int = 5) -> None:
    """Write a classifier with an open batch: Clip for ReLU6, batch norm apart, residual sums, Gemm and Softmax."""
    graph = Graph(seed=0)

    def block(x: str, channels: tuple[int, int], size: int, stride: int = 1, groups: int = 1) -> str:
        random, filters = graph.random, channels[1]
        x = graph.convolve(x, channels, size, stride, groups)
        ranges = ((0.8, 1.2), (-0.2, 0.2), (-0.2, 0.2), (0.8, 1.2))
        return graph.one(
            "BatchNormalization",
            x,
            *(graph.constant(random.uniform(*one, filters).astype(np.float32)) for one in ranges),
        )

    def clipped(x: str) -> str:
        return graph.one("Clip", x, graph.constant(np.float32(0)), graph.constant(np.float32(6)))

    x, channels = clipped(block("images", (3, 16), 3, stride=2)), 16
    for filters, stride in ((16, 1), (24, 2), (24, 1), (48, 2), (48, 1)):
        wide = 2 * channels
        inner = clipped(block(x, (channels, wide), 1))
        inner = clipped(block(inner, (wide, wide), 3, stride, groups=wide))
        inner = block(inner, (wide, filters), 1)
        x, channels = graph.one("Add", inner, x) if (stride, filters) == (1, channels) else inner, filters
    x = graph.one("Flatten", graph.one("GlobalAveragePool", x))
    matrix = graph.constant(graph.random.normal(0, 0.03, (classes, channels)).astype(np.float32))
    x = graph.one("Gemm", x, matrix, graph.constant(np.zeros(classes, np.float32)), transB=1)
    output = graph.one("Softmax", x, axis=1)
    graph.save(path, ["batch", 3, size, size], ["batch", classes], output)


def yolo(path: str, size: int = 128, classes: int = 3) -> None:
    """Write a detector: SiLU, split and joined blocks, pyramid pooling, upsampling, boxes from distributions."""
    graph = Graph(seed=0)
    x = _silu(graph, "images", (3, 8), stride=2)
    x = _block(graph, _silu(graph, x, (8, 16), stride=2), (16, 16))
    fine = _block(graph, _silu(graph, x, (16, 32), stride=2), (32, 32))
    middle = _block(graph, _silu(graph, fine, (32, 48), stride=2), (48, 48))
    coarse = _pooled(graph, _block(graph, _silu(graph, middle, (48, 64), stride=2), (64, 64)), 64)
    middle = _block(graph, graph.one("Concat", _doubled(graph, coarse), middle, axis=1), (112, 48))
    fine = _block(graph, graph.one("Concat", _doubled(graph, middle), fine, axis=1), (80, 32))
    output = _head(graph, ((fine, 32), (middle, 48), (coarse, 64)), size, classes)
    cells = sum((size // stride) ** 2 for stride in STRIDES)
    graph.save(path, [1, 3, size, size], [1, 4 + classes, cells], output)


def _silu(graph: Graph, x: str, channels: tuple[int, int], size: int = 3, stride: int = 1) -> str:
    x = graph.convolve(x, channels, size, stride)
    return graph.one("Mul", x, graph.one("Sigmoid", x))


def _block(graph: Graph, x: str, channels: tuple[int, int]) -> str:
    entering, filters = channels
    half = filters // 2
    x = _silu(graph, x, (entering, filters), 1)
    kept, worked = graph.add("Split", [x, graph.integers(half, half)], 2, axis=1)
    again = graph.one("Add", worked, _silu(graph, _silu(graph, worked, (half, half)), (half, half)))
    return _silu(graph, graph.one("Concat", kept, worked, again, axis=1), (filters + half, filters), 1)


def _pooled(graph: Graph, x: str, channels: int) -> str:
    half = channels // 2
    parts = [_silu(graph, x, (channels, half), 1)]
    for _ in range(3):
        parts.append(graph.one("MaxPool", parts[-1], kernel_shape=[5, 5], strides=[1, 1], pads=[2] * 4))
    return _silu(graph, graph.one("Concat", *parts, axis=1), (4 * half, channels), 1)


def _doubled(graph: Graph, x: str) -> str:
    scales = graph.constant(np.array([1, 1, 2, 2], np.float32))
    return graph.one(
        "Resize", x, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"
    )


def _head(graph: Graph, levels: Sequence[tuple[str, int]], size: int, classes: int) -> str:
    flat = []
    for x, channels in levels:
        boxes = graph.convolve(_silu(graph, x, (channels, 24)), (24, 4 * BINS), 1)
        scores = graph.convolve(_silu(graph, x, (channels, 16)), (16, classes), 1, factor=6.0, bias=-1.0)
        both = graph.one("Concat", boxes, scores, axis=1)
        flat.append(graph.one("Reshape", both, graph.integers(1, 4 * BINS + classes, -1)))
    parts = graph.integers(4 * BINS, classes)
    boxes, scores = graph.add("Split", [graph.one("Concat", *flat, axis=2), parts], 2, axis=1)
    return graph.one("Concat", _boxes(graph, boxes, size), graph.one("Sigmoid", scores), axis=1)


def _boxes(graph: Graph, x: str, size: int) -> str:
    """Add centre and size of boxes in pixels from distributions over the distances to their sides."""
    centres, strides = _centres(size)
    cells = centres.shape[2]
    x = graph.one("Transpose", graph.one("Reshape", x, graph.integers(1, 4, BINS, cells)), perm=[0, 2, 1, 3])
    bins = graph.constant(np.arange(BINS, dtype=np.float32).reshape(1, BINS, 1, 1))
    x = graph.one("Conv", graph.one("Softmax", x, axis=1), bins, kernel_shape=[1, 1])
    x = graph.one("Reshape", x, graph.integers(1, 4, cells))
    before, after = (
        graph.one("Slice", x, graph.integers(first), graph.integers(first + 2), graph.integers(1)) for first in (0, 2)
    )
    anchors = graph.constant(centres)
    first, last = graph.one("Sub", anchors, before), graph.one("Add", anchors, after)
    middle = graph.one("Div", graph.one("Add", first, last), graph.constant(np.float32(2)))
    boxes = graph.one("Concat", middle, graph.one("Sub", last, first), axis=1)
    return graph.one("Mul", boxes, graph.constant(strides))


def _centres(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells' centres in cells (1, 2, cells), and the pixels of a cell (1, cells)."""
    centres, strides = [], []
    for stride in STRIDES:
        along = np.arange(size // stride) + 0.5
        rows, columns = np.meshgrid(along, along, indexing="ij")
        centres.append(np.stack([columns.ravel(), rows.ravel()]))
        strides.append(np.full(rows.size, stride))
    return np.concatenate(centres, 1)[np.newaxis].astype(np.float32), np.concatenate(strides)[np.newaxis].astype(
        np.float32
    )


if __name__ == "__main__":
    {"mobilenet": mobilenet, "yolo": yolo}[sys.argv[1]](sys.argv[2])

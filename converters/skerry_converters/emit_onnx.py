"""The layer list as an ONNX file: fp32, NCHW, batch 1, the raw values before each head as outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from skerry_converters.layers import (
    LEAKY_SLOPE,
    NETWORK_INPUT,
    Activation,
    Convolution,
    Dropout,
    MaxPool,
    Network,
    Reorg,
    Route,
    Shape,
    Shortcut,
    Upsample,
    Weights,
)

OPSET = 17
"""Read by ONNX Runtime 1.12 and later, OpenVINO 2022.3 and later, TensorRT 8.6 and later."""
IR_VERSION = 8
"""The file format that belongs to opset 17."""
INPUT = "image"


def emit_onnx(network: Network, shapes: Sequence[Shape], weights: Weights) -> bytes:
    """Return the bytes of a checked ONNX model; the same layer list and weights give the same bytes.

    Input `image` is float32 (1, channels, height, width); output `head_0`, `head_1`, … are float32 of the same
    layout, one for each head in order.
    """
    graph = _Graph(network, shapes, weights)
    for index in network.live_layers():
        graph.add_layer(index)
    for number, index in enumerate(network.outputs):
        graph.add_output(f"head_{number}", index)
    model = helper.make_model(
        helper.make_graph(graph.nodes, "network", [graph.input], graph.outputs, graph.initializers),
        producer_name="skerry",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


class _Graph:
    """Nodes, initializers and outputs as they are gathered; ``values`` names each layer's value."""

    def __init__(self, network: Network, shapes: Sequence[Shape], weights: Weights) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.outputs: list[Any] = []
        self.input = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [1, *network.input])
        self._network = network
        self._shapes = shapes
        self._weights = weights
        self._values = {NETWORK_INPUT: INPUT}

    def add_layer(self, index: int) -> None:
        """Add the nodes of one layer; the layers that it reads are there already."""
        layer = self._network.layers[index]
        name = f"layer_{index}_{layer.kind}"
        sources = [self._values[one] for one in layer.inputs]
        match layer:
            case Convolution():
                value = self._convolution(name, index, layer, sources[0])
            case MaxPool():
                value = self._max_pool(name, layer, sources[0])
            case Route():
                value = self._route(name, layer, sources)
            case Shortcut():
                value = self._activation(name, layer.activation, self._node("Add", sources, name))
            case Reorg():
                value = self._reorg(name, layer, sources[0])
            case Upsample():
                value = self._upsample(name, layer, sources[0])
            case Dropout():
                value = sources[0]
            case _:
                raise TypeError(f"no ONNX operator for {type(layer).__name__}")
        self._values[index] = value

    def add_output(self, name: str, index: int) -> None:
        """Give a layer's value as the graph's output ``name``."""
        self._node("Identity", [self._values[index]], name)
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, *self._shape(index)]))

    def _shape(self, index: int) -> Shape:
        return self._network.input if index == NETWORK_INPUT else self._shapes[index]

    def _node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:  # noqa: ANN401  # ONNX's own attribute types
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def _constant(self, name: str, values: NDArray[Any]) -> str:
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _convolution(self, name: str, index: int, layer: Convolution, source: str) -> str:
        weights = self._weights[index]
        kernel = self._constant(f"{name}_kernel", weights.kernel)
        bias = self._constant(f"{name}_bias", weights.bias)
        summed = self._node(
            "Conv",
            [source, kernel, bias],
            name,
            kernel_shape=[layer.size, layer.size],
            strides=[layer.stride, layer.stride],
            pads=[layer.padding] * 4,
            group=layer.groups,
        )
        return self._activation(name, layer.activation, summed)

    def _activation(self, name: str, activation: Activation, source: str) -> str:
        output = f"{name}_{activation}"
        match activation:
            case "linear":
                return source
            case "leaky":
                return self._node("LeakyRelu", [source], output, alpha=LEAKY_SLOPE)
            case "relu":
                return self._node("Relu", [source], output)
            case "relu6":
                low = self._constant(f"{output}_low", np.array(0.0, np.float32))
                high = self._constant(f"{output}_high", np.array(6.0, np.float32))
                return self._node("Clip", [source, low, high], output)
            case "logistic":
                return self._node("Sigmoid", [source], output)

    def _max_pool(self, name: str, layer: MaxPool, source: str) -> str:
        before = layer.padding // 2
        after = layer.padding - before
        return self._node(
            "MaxPool",
            [source],
            name,
            kernel_shape=[layer.size, layer.size],
            strides=[layer.stride, layer.stride],
            pads=[before, before, after, after],
        )

    def _route(self, name: str, layer: Route, sources: list[str]) -> str:
        if layer.groups > 1:
            sources = [self._group(f"{name}_{place}", layer, place, one) for place, one in enumerate(sources)]
        return sources[0] if len(sources) == 1 else self._node("Concat", sources, name, axis=1)

    def _group(self, name: str, layer: Route, place: int, source: str) -> str:
        count = self._shape(layer.inputs[place]).channels // layer.groups
        start = self._constant(f"{name}_start", np.array([layer.group * count], np.int64))
        end = self._constant(f"{name}_end", np.array([(layer.group + 1) * count], np.int64))
        axis = self._constant(f"{name}_axis", np.array([1], np.int64))
        return self._node("Slice", [source, start, end, axis], name)

    def _reorg(self, name: str, layer: Reorg, source: str) -> str:
        channels, height, width = self._shape(layer.inputs[0])
        stride = layer.stride
        cells = [1, channels // stride**2, height, stride, width, stride]
        merged = [1, channels * stride**2, height // stride, width // stride]
        split = self._reshape(f"{name}_cells", source, cells)
        turned = self._node("Transpose", [split], f"{name}_turned", perm=[0, 3, 5, 1, 2, 4])
        return self._reshape(name, turned, merged)

    def _reshape(self, name: str, source: str, shape: list[int]) -> str:
        return self._node("Reshape", [source, self._constant(f"{name}_shape", np.array(shape, np.int64))], name)

    def _upsample(self, name: str, layer: Upsample, source: str) -> str:
        scales = self._constant(f"{name}_scales", np.array([1, 1, layer.stride, layer.stride], np.float32))
        return self._node(
            "Resize",
            [source, "", scales],
            name,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )

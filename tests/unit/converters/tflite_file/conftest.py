"""TFLite files written with the schema's own generated code, so that our reader is held against another's writer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema


class Writer:
    """Gathers one graph and packs it into the bytes of a file."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.description = "made by a test"
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes = []
        self.model.metadata = []
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.graph.inputs, self.graph.outputs = [], []
        self.model.subgraphs = [self.graph]

    def tensor(self, name: str, shape: list[int], kind: str = "INT8", data: bytes | None = None, **more: Any) -> int:
        """Add a tensor and return its number; ``data`` makes it a constant."""
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, shape, getattr(schema.TensorType, kind)
        tensor.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = list(data)
            self.model.buffers.append(buffer)
            tensor.buffer = len(self.model.buffers) - 1
        for key, value in more.items():
            setattr(tensor, key, value)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operator(self, name: str, inputs: list[int], outputs: list[int], version: int = 1, options: Any = None) -> None:
        """Add an operator; ``options`` is an object of the schema such as `Conv2DOptionsT`."""
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = version
        self.model.operatorCodes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes) - 1
        operator.inputs, operator.outputs = inputs, outputs
        if options is not None:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
            operator.builtinOptions = options
        self.graph.operators.append(operator)

    def pack(self) -> bytes:
        """Return the file."""
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


@pytest.fixture
def writer() -> Callable[[], Writer]:
    """Return a function that begins a new file."""
    return Writer


@pytest.fixture
def convolution(writer: Callable[[], Writer]) -> Writer:
    """A quantized 3x3 convolution from (1, 8, 8, 2) to (1, 8, 8, 4), then a reshape to (1, 256)."""
    one = writer()
    scales = schema.QuantizationParametersT()
    scales.scale, scales.zeroPoint, scales.quantizedDimension = [0.5, 0.25, 1.0, 2.0], [0, 0, 0, 0], 0
    quantized = schema.QuantizationParametersT()
    quantized.scale, quantized.zeroPoint = [0.1], [-3]
    image = one.tensor("image", [1, 8, 8, 2], quantization=quantized, shapeSignature=[-1, 8, 8, 2])
    weights = one.tensor("weights", [4, 3, 3, 2], data=bytes(range(72)), quantization=scales)
    bias = one.tensor("bias", [4], "INT32", np.arange(4, dtype="<i4").tobytes())
    made = one.tensor("made", [1, 8, 8, 4])
    shape = one.tensor("shape", [2], "INT32", np.array([1, 256], "<i4").tobytes())
    flat = one.tensor("flat", [1, 256])
    options = schema.Conv2DOptionsT()
    options.padding, options.strideW, options.strideH = 0, 1, 1
    options.fusedActivationFunction = schema.ActivationFunctionType.RELU6
    options.dilationWFactor, options.dilationHFactor = 2, 3
    one.operator("CONV_2D", [image, weights, bias], [made], version=3, options=options)
    one.operator("RESHAPE", [made, shape], [flat])
    one.graph.inputs, one.graph.outputs = [image], [flat]
    return one

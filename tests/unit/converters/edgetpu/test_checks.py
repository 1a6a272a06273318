"""Coral's published requirements and limits, one by one: on one side of each, and on the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from skerry_converters.edgetpu.checks import Obstacle, obstacle
from skerry_converters.edgetpu.supported import HINTS, SUPPORTED
from skerry_converters.tflite_file.errors import TfliteFileError
from skerry_converters.tflite_file.vocabulary import BUILTIN_OPERATORS

Draw = Callable[[Any], object]
IMAGE = [1, 8, 8, 4]


def _found(sketch: Callable[[], Any], draw: Draw) -> Obstacle | None:
    drawing = sketch()
    draw(drawing)
    graph = drawing.graph()
    return obstacle(graph, graph.operators[-1])


def _axes(one: Any, *axes: int) -> int:
    number: int = one.tensor([len(axes)], "INT32", values=list(axes))
    return number


def _join(one: Any, *values: object, activation: str = "NONE", zero_point: int = 0) -> int:
    tensors = [one.tensor(IMAGE, values=value, zero_point=zero_point) for value in values]
    made: int = one.add("CONCATENATION", [one.tensor(IMAGE), *tensors], [1, 8, 8, 8], activation=activation)
    return made


def _convolution(one: Any, name: str = "CONV_2D", weights: object = 1, kind: str = "INT8", **options: int) -> int:
    given = [one.tensor(IMAGE), one.tensor([4, 3, 3, 4], kind, values=weights), one.tensor([4], "INT32", values=0)]
    made: int = one.add(name, given, IMAGE, **options)
    return made


def _resize(one: Any, name: str, before: list[int], after: list[int]) -> int:
    made: int = one.add(name, [one.tensor(before), _axes(one, after[1], after[2])], after)
    return made


def _lstm(one: Any, state_kind: str = "INT16", *, variable: bool = True) -> int:
    square = [one.tensor([4, 4], values=1) for _ in range(8)]
    biases = [one.tensor([4], "INT32", values=0) for _ in range(4)]
    state, cell = one.tensor([1, 4], variable=True), one.tensor([1, 4], state_kind, variable=variable)
    given = [one.tensor([1, 5, 4]), *square, -1, -1, -1, *biases, -1, -1, state, cell]
    made: int = one.add("UNIDIRECTIONAL_SEQUENCE_LSTM", given, [1, 5, 4])
    return made


def _dense(one: Any, rows: int = 1, **options: str) -> int:
    given = [one.tensor([rows, 6]), one.tensor([3, 6], values=1), one.tensor([3], "INT32", values=0)]
    made: int = one.add("FULLY_CONNECTED", given, [rows, 3], **options)
    return made


def _slice(one: Any, strides: list[int], **masks: int) -> int:
    bounds = [_axes(one, 0, 0, 0, 0), _axes(one, 1, 8, 8, 4), _axes(one, *strides)]
    made: int = one.add("STRIDED_SLICE", [one.tensor(IMAGE), *bounds], IMAGE, **masks)
    return made


def _pad(one: Any, before: list[int], *paddings: list[int]) -> int:
    given = [one.tensor(before), one.tensor([len(before), 2], "INT32", values=list(paddings))]
    made: int = one.add("PAD", given, [size + sum(pair) for size, pair in zip(before, paddings, strict=True)])
    return made


def _reduce(one: Any, name: str, axes: list[int], channels: int = 4) -> int:
    made: int = one.add(name, [one.tensor([1, 8, 8, channels]), _axes(one, *axes)], [1, channels])
    return made


MAPPED: dict[str, Draw] = {
    "a convolution with equal dilations": lambda one: _convolution(one, dilation_w=2, dilation_h=2),
    "an average pool": lambda one: one.add("AVERAGE_POOL_2D", [one.tensor(IMAGE)], [1, 1, 1, 4]),
    "a concatenation": lambda one: _join(one, None),
    "a concatenation of many": lambda one: _join(one, None, None, None),
    "a concatenation with zeros": lambda one: _join(one, 7, zero_point=7),
    "a fully connected layer to a vector": _dense,
    "a softmax of a vector": lambda one: one.add("SOFTMAX", [one.tensor([1, 16_000])], [1, 16_000]),
    "a mean over the picture": lambda one: _reduce(one, "MEAN", [1, 2], 3),
    "a mean over channels in fours": lambda one: _reduce(one, "MEAN", [-1], 8),
    "a sum over the picture": lambda one: _reduce(one, "SUM", [1, 2]),
    "padding of the picture": lambda one: _pad(one, IMAGE, [0, 0], [1, 1], [1, 1], [2, 2]),
    "packing into a new last axis": lambda one: one.add("PACK", [one.tensor([1, 8, 8])] * 2, [1, 8, 8, 2], axis=3),
    "a PReLU with an alpha a channel": lambda one: one.add(
        "PRELU", [one.tensor(IMAGE), one.tensor([1, 1, 4], values=3)], IMAGE
    ),
    "a split of channels": lambda one: one.add(
        "SPLIT", [one.tensor([], "INT32", values=3), one.tensor(IMAGE)], [1, 8, 8, 2], num_splits=2
    ),
    "a slice with strides of 1": lambda one: _slice(one, [1, 1, 1, 1]),
    "doubling the size": lambda one: _resize(one, "RESIZE_NEAREST_NEIGHBOR", [1, 64, 64, 4], [1, 128, 128, 4]),
    "bilinear doubling": lambda one: _resize(one, "RESIZE_BILINEAR", [1, 13, 13, 4], [1, 26, 26, 4]),
    "a resize to the same size": lambda one: _resize(one, "RESIZE_BILINEAR", [1, 513, 513, 4], [1, 513, 513, 4]),
    "an LSTM with its 16-bit state": _lstm,
    "an addition of a constant": lambda one: one.add("ADD", [one.tensor(IMAGE), one.tensor([4], values=2)], IMAGE),
    "a change from uint8 to int8": lambda one: one.add("QUANTIZE", [one.tensor(IMAGE, "UINT8")], IMAGE),
    "an open batch": lambda one: one.add("RELU", [one.tensor(IMAGE, signature=[-1, 8, 8, 4])], IMAGE),
}
UNMAPPED: dict[str, tuple[Draw, str, str]] = {
    "no such operator": (lambda one: one.add("LEAKY_RELU", [one.tensor(IMAGE)], IMAGE), "unsupported", "PRELU"),
    "a custom operator": (
        lambda one: one.add("CUSTOM", [one.tensor(IMAGE)], IMAGE, custom="MyOp"), "unsupported", "no custom operators",
    ),
    "float values": (
        lambda one: one.add("RELU", [one.tensor(IMAGE, "FLOAT32")], IMAGE, "FLOAT32"), "type", "FLOAT32",
    ),
    "a quantize of float values": (
        lambda one: one.add("QUANTIZE", [one.tensor(IMAGE, "FLOAT32")], IMAGE), "type", "FLOAT32",
    ),
    "16-bit values": (lambda one: one.add("TANH", [one.tensor(IMAGE, "INT16")], IMAGE), "type", "INT16"),
    "float weights": (lambda one: _convolution(one, kind="FLOAT32"), "type", "parameters are FLOAT32"),
    "weights that are computed": (lambda one: _convolution(one, weights=None), "parameter", "not constant"),
    "16-bit values that are no state": (lambda one: _lstm(one, variable=False), "type", "INT16"),
    "four dimensions above 1": (lambda one: one.add("RELU", [one.tensor([2, 8, 8, 4])], IMAGE), "rank", "3 innermost"),
    "an open height": (
        lambda one: one.add("RELU", [one.tensor(IMAGE, signature=[1, -1, 8, 4])], IMAGE), "dynamic", "-1",
    ),
    "different dilations": (lambda one: _convolution(one, dilation_w=2), "limit", "2 in x and 1 in y"),
    "depthwise, different dilations": (
        lambda one: _convolution(one, "DEPTHWISE_CONV_2D", dilation_h=2), "limit", "1 in x and 2 in y",
    ),
    "a pool with an activation": (
        lambda one: one.add("MAX_POOL_2D", [one.tensor(IMAGE)], IMAGE, activation="RELU6"), "limit", "RELU6",
    ),
    "a concatenation with an activation": (lambda one: _join(one, None, activation="RELU"), "limit", "RELU"),
    "joining a constant": (lambda one: _join(one, 7), "limit", "not all zeros"),
    "joining zeros to two": (lambda one: _join(one, 0, None), "limit", "more than one other"),
    "shuffled weights": (lambda one: _dense(one, weights_format="SHUFFLED4x16INT8"), "limit", "SHUFFLED4x16INT8"),
    "a fully connected layer to a matrix": (lambda one: _dense(one, rows=5), "limit", "one-dimensional"),
    "a long softmax": (
        lambda one: one.add("SOFTMAX", [one.tensor([1, 16_001])], [1, 16_001]), "limit", "16001 elements",
    ),
    "a softmax of a matrix": (lambda one: one.add("SOFTMAX", [one.tensor([5, 7])], [5, 7]), "limit", "one-dimensional"),
    "a mean over the batch": (lambda one: _reduce(one, "MEAN", [0, 1]), "limit", "batch"),
    "a mean over 6 channels": (lambda one: _reduce(one, "MEAN", [3], 6), "limit", "6 channels"),
    "a maximum over the batch": (lambda one: _reduce(one, "REDUCE_MAX", [-4]), "limit", "batch"),
    "padding of the batch": (lambda one: _pad(one, [1, 4], [1, 0], [0, 0]), "limit", "pads the batch"),
    "packing into a batch": (
        lambda one: one.add("PACK", [one.tensor([8, 8, 2])] * 2, [2, 8, 8, 2], axis=0), "rank", "3 innermost",
    ),
    "packing into a batch of few dimensions": (
        lambda one: one.add("PACK", [one.tensor([8, 4])] * 2, [2, 8, 4], axis=-3), "limit", "batch",
    ),
    "an alpha a pixel": (
        lambda one: one.add("PRELU", [one.tensor(IMAGE), one.tensor([8, 8, 4], values=3)], IMAGE), "limit", "alpha",
    ),
    "a split of the batch": (
        lambda one: one.add("SPLIT", [one.tensor([1], "INT32", values=0), one.tensor([2, 4])], [1, 4], num_splits=2),
        "limit",
        "batch",
    ),
    "a slice with strides": (lambda one: _slice(one, [1, 2, 2, 1]), "limit", "[1, 2, 2, 1]"),
    "a slice with an ellipsis": (lambda one: _slice(one, [1, 1, 1, 1], ellipsis_mask=1), "limit", "ellipsis mask"),
    "a slice with a new axis": (lambda one: _slice(one, [1, 1, 1, 1], new_axis_mask=2), "limit", "new axis mask"),
    "a large resize": (
        lambda one: _resize(one, "RESIZE_BILINEAR", [1, 128, 128, 4], [1, 256, 256, 4]), "limit", "128 cells a side",
    ),
    "enlarging far": (
        lambda one: _resize(one, "RESIZE_BILINEAR", [1, 1, 1, 4], [1, 33, 33, 4]), "limit", "33 times",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", MAPPED)
def test_the_edge_tpu_takes(sketch: Callable[[], Any], what: str) -> None:
    assert _found(sketch, MAPPED[what]) is None


@pytest.mark.parametrize("what", UNMAPPED)
def test_the_edge_tpu_does_not_take(sketch: Callable[[], Any], what: str) -> None:
    draw, cause, part = UNMAPPED[what]

    found = _found(sketch, draw)

    assert found is not None
    assert found.cause == cause
    assert part in found.reason


def test_an_operator_without_its_inputs_is_a_damaged_file(sketch: Callable[[], Any]) -> None:
    with pytest.raises(TfliteFileError, match="no input 0"):
        _found(sketch, lambda one: one.add("SOFTMAX", [], [1, 4]))


def test_the_table_speaks_of_operators_that_exist() -> None:
    assert set(SUPPORTED) <= set(BUILTIN_OPERATORS)
    assert set(HINTS) <= set(BUILTIN_OPERATORS)
    assert not set(SUPPORTED) & set(HINTS)

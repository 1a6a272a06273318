"""Multiply-accumulates, counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from skerry_converters.tflite_file.errors import TfliteFileError
from skerry_converters.tflite_file.macs import multiply_accumulates
from skerry_converters.tflite_file.reader import parse_tflite


@pytest.mark.parametrize(
    ("name", "inputs", "output", "expected"),
    [
        ("CONV_2D", [[1, 8, 8, 3], [16, 5, 3, 3], [16]], [1, 4, 4, 16], 4 * 4 * 16 * 5 * 3 * 3),
        ("DEPTHWISE_CONV_2D", [[1, 8, 8, 6], [1, 3, 3, 6]], [1, 8, 8, 6], 8 * 8 * 6 * 9),
        ("FULLY_CONNECTED", [[2, 10], [7, 10]], [2, 7], 2 * 7 * 10),
        ("TRANSPOSE_CONV", [[4], [5, 2, 2, 3], [1, 4, 4, 3]], [1, 8, 8, 5], 4 * 4 * 3 * 2 * 2 * 5),
        ("BATCH_MATMUL", [[2, 3, 4], [2, 4, 5]], [2, 3, 5], 2 * 3 * 5 * 4),
        (
            "UNIDIRECTIONAL_SEQUENCE_LSTM",
            [[1, 28, 3], *[[20, 3]] * 4, *[[20, 20]] * 4],
            [1, 28, 20],
            28 * 4 * (20 * 3 + 20 * 20),
        ),
        ("ADD", [[1, 8], [1, 8]], [1, 8], 0),
        ("MAX_POOL_2D", [[1, 8, 8, 4]], [1, 4, 4, 4], 0),
    ],
)
def test_counts(
    writer: Callable[[], Any], name: str, inputs: list[list[int]], output: list[int], expected: int
) -> None:
    one = writer()
    given = [one.tensor(f"in{place}", shape) for place, shape in enumerate(inputs)]
    one.operator(name, given, [one.tensor("out", output)])

    graph = parse_tflite(one.pack(), where="x").main

    assert multiply_accumulates(graph, graph.operators[0]) == expected


def test_an_operator_without_its_weights_is_refused(writer: Callable[[], Any]) -> None:
    one = writer()
    one.operator("CONV_2D", [one.tensor("in", [1, 8, 8, 3])], [one.tensor("out", [1, 8, 8, 3])])
    graph = parse_tflite(one.pack(), where="x").main

    with pytest.raises(TfliteFileError, match=r"CONV_2D.*no input 1"):
        multiply_accumulates(graph, graph.operators[0])

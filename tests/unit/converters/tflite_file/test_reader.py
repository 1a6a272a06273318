"""What a file holds, and files that hold nonsense."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skerry_converters.tflite_file.errors import TfliteFileError
from skerry_converters.tflite_file.macs import multiply_accumulates
from skerry_converters.tflite_file.reader import parse_tflite, read_tflite
from skerry_edge.foundation.errors import ReachError


def test_operators_have_names_versions_and_tensors(convolution: Any) -> None:
    graph = parse_tflite(convolution.pack(), where="x").main

    assert [(one.name, one.version, one.index) for one in graph.operators] == [("CONV_2D", 3, 0), ("RESHAPE", 1, 1)]
    assert [tensor.name for tensor in graph.made(graph.operators[0])] == ["made"]
    assert [graph.tensors[index].name for index in graph.operators[1].inputs] == ["made", "shape"]
    assert [graph.tensors[index].name for index in (*graph.inputs, *graph.outputs)] == ["image", "flat"]


def test_options_are_read_by_name(convolution: Any) -> None:
    operator = parse_tflite(convolution.pack(), where="x").main.operators[0]

    assert dict(operator.options) == {
        "padding": "SAME",
        "stride_w": 1,
        "stride_h": 1,
        "activation": "RELU6",
        "dilation_w": 2,
        "dilation_h": 3,
    }


def test_options_that_a_file_leaves_out_have_the_schemas_defaults(writer: Callable[[], Any]) -> None:
    one = writer()
    one.operator("CONV_2D", [one.tensor("a", [1])], [one.tensor("b", [1])])

    operator = parse_tflite(one.pack(), where="x").main.operators[0]

    assert operator.integer("dilation_w") == 1
    assert operator.word("activation") == "NONE"


def test_options_of_another_operator_are_refused(writer: Callable[[], Any]) -> None:
    one = writer()
    one.operator("CONV_2D", [one.tensor("a", [1])], [one.tensor("b", [1])], options=schema.SoftmaxOptionsT())

    with pytest.raises(TfliteFileError, match="options of CONV_2D are another operator's"):
        parse_tflite(one.pack(), where="x")


def test_tensors_have_type_shape_signature_and_quantization(convolution: Any) -> None:
    tensors = {one.name: one for one in parse_tflite(convolution.pack(), where="x").main.tensors}

    image, weights = tensors["image"], tensors["weights"]
    assert (image.type, image.shape, image.signature) == ("INT8", (1, 8, 8, 2), (-1, 8, 8, 2))
    assert tensors["made"].signature == (1, 8, 8, 4)
    assert image.quantization is not None
    assert image.quantization.zero_points == (-3,)
    assert weights.quantization is not None
    assert weights.quantization.scales == (0.5, 0.25, 1.0, 2.0)
    assert (weights.is_constant, image.is_constant) == (True, False)


def test_constants_can_be_read(convolution: Any) -> None:
    tensors = {one.name: one for one in parse_tflite(convolution.pack(), where="x").main.tensors}

    np.testing.assert_array_equal(tensors["shape"].values(), [1, 256])
    assert tensors["weights"].values().shape == (4, 3, 3, 2)
    with pytest.raises(TfliteFileError, match="values cannot be read"):
        tensors["made"].values()


def test_buffers_are_counted_by_their_sizes(convolution: Any) -> None:
    assert parse_tflite(convolution.pack(), where="x").buffer_sizes == (0, 72, 16, 8)


def test_custom_operators_keep_their_own_name(writer: Callable[[], Any]) -> None:
    one = writer()
    one.operator("CUSTOM", [one.tensor("a", [1])], [one.tensor("b", [1])])
    one.model.operatorCodes[0].customCode = "edgetpu-custom-op"

    operator = parse_tflite(one.pack(), where="x").main.operators[0]

    assert (operator.name, operator.custom_code) == ("CUSTOM", "edgetpu-custom-op")


def test_a_code_of_before_2020_stands_in_the_old_field_alone(convolution: Any) -> None:
    convolution.model.operatorCodes[0].builtinCode = 0

    assert parse_tflite(convolution.pack(), where="x").main.operators[0].name == "CONV_2D"


def test_an_optional_input_may_be_absent(writer: Callable[[], Any]) -> None:
    one = writer()
    one.operator("FULLY_CONNECTED", [one.tensor("a", [1, 2]), one.tensor("w", [3, 2]), -1], [one.tensor("b", [1, 3])])

    graph = parse_tflite(one.pack(), where="x").main

    assert graph.given(graph.operators[0])[2] is None
    with pytest.raises(TfliteFileError, match="no input 2"):
        graph.operand(graph.operators[0], 2)


def test_data_of_large_files_lies_behind_the_flat_buffer(convolution: Any) -> None:
    plain = parse_tflite(convolution.pack(), where="x").main.tensors[1].values()
    outside = convolution.model.buffers[1]
    data, outside.data, outside.offset, outside.size = bytes(outside.data), None, 1 << 20, 72
    outside.offset = len(convolution.pack())

    found = parse_tflite(convolution.pack() + data, where="x").main.tensors[1].values()

    np.testing.assert_array_equal(found, plain)
    with pytest.raises(TfliteFileError, match="damaged"):
        parse_tflite(convolution.pack() + data[:-1], where="x")


def test_names_reach_a_terminal_without_control_characters(writer: Callable[[], Any]) -> None:
    one = writer()
    one.tensor("red \x1b[31m", [1])

    assert parse_tflite(one.pack(), where="x").main.tensors[0].name == "red \\x1b[31m"


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\x00" * 64, b"\x89PNG\r\n\x1a\n" + b"\x00" * 64])
def test_what_is_no_tflite_file_is_refused(data: bytes) -> None:
    with pytest.raises(TfliteFileError, match="no TFLite model"):
        parse_tflite(data, where="x")


def test_an_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "picture.tflite"
    path.write_bytes(b"\xff\xd8\xff\xe0 a picture")

    with pytest.raises(TfliteFileError, match=r"picture\.tflite"):
        read_tflite(path)
    with pytest.raises(ReachError, match=r"nowhere\.tflite"):
        read_tflite(tmp_path / "nowhere.tflite")


def test_a_truncated_file_is_refused_wherever_it_ends(convolution: Any) -> None:
    data = convolution.pack()

    for length in range(0, len(data) - 3, 3):
        with pytest.raises(TfliteFileError):
            parse_tflite(data[:length], where="x")


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda one: setattr(one.model, "version", 2), "another schema"),
        (lambda one: setattr(one.model, "subgraphs", []), "no graph"),
        (lambda one: setattr(one.model.operatorCodes[0], "builtinCode", 9999), "does not know"),
        (lambda one: setattr(one.graph.operators[0], "opcodeIndex", 7), "no code"),
        (lambda one: setattr(one.graph.operators[0], "inputs", [0, 99, 2]), "does not have"),
        (lambda one: setattr(one.graph.operators[0], "outputs", [-1]), "does not have"),
        (lambda one: setattr(one.graph, "inputs", [-1]), "does not have"),
        (lambda one: setattr(one.graph.tensors[0], "buffer", 44), "no buffer"),
        (lambda one: setattr(one.graph.tensors[0], "type", 99), "type"),
        (lambda one: setattr(one.graph.tensors[0], "shape", [1, -8, 8, 2]), "impossible shape"),
        (lambda one: setattr(one.graph.tensors[0], "shapeSignature", [-1, 8]), "another rank"),
        (lambda one: setattr(one.graph.tensors[1], "shape", [4, 3, 3, 3]), "wrong size"),
        (lambda one: setattr(one.graph.operators[0].builtinOptions, "padding", 5), "no such value"),
    ],
)
def test_what_does_not_fit_is_refused(convolution: Any, spoil: Callable[[Any], None], match: str) -> None:
    spoil(convolution)

    with pytest.raises(TfliteFileError, match=match):
        parse_tflite(convolution.pack(), where="x")


def _use(data: bytes) -> None:
    """Read everything that a file holds."""
    model = parse_tflite(data, where="x")
    for graph, operator in model.operators:
        multiply_accumulates(graph, operator)
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            if tensor.is_constant:
                tensor.values()


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.tuples(
            st.integers(0, 1 << 16),
            st.one_of(
                st.binary(min_size=1, max_size=4),
                st.sampled_from([b"\xff" * 4, b"\x00" * 4, b"\x00\x00\x00\x80", b"\xff\xff\xff\x7f"]),
            ),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_a_damaged_file_is_refused_or_read_but_never_crashes(
    convolution: Any, changes: list[tuple[int, bytes]]
) -> None:
    data = bytearray(convolution.pack())
    for place, piece in changes:
        start = place % len(data)
        data[start : start + len(piece)] = piece

    with contextlib.suppress(TfliteFileError):
        _use(bytes(data))


def test_a_file_whose_parts_share_one_long_name_is_refused_at_once() -> None:
    # 50,000 subgraphs that are all one and the same, with a name of 50,000 characters: read in full that is 2.5 GB out
    # of a file of 250 KB.
    count = 50_000
    head = struct.pack("<I4s", 20, b"TFL3") + struct.pack("<HHHHHH", 10, 12, 4, 0, 8, 0) + struct.pack("<iII", 12, 3, 4)
    first = len(head) + 4
    graph_at = first + 4 * count + 16
    graphs = struct.pack("<I", count) + b"".join(struct.pack("<I", graph_at - first - 4 * n) for n in range(count))
    graph = struct.pack("<8H", 14, 8, 0, 0, 0, 0, 4, 0) + struct.pack("<iI", 16, 4)
    data = head + graphs + graph + struct.pack("<I", count) + b"n" * count

    with pytest.raises(TfliteFileError, match="over and over"):
        parse_tflite(data, where="x")

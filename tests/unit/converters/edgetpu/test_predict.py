"""What becomes of whole networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from skerry_converters.edgetpu.explanation import ON_CHIP_BYTES, Explanation
from skerry_converters.edgetpu.predict import explain_model
from skerry_edge.foundation.errors import ConfigError


def _explain(one: Any, *others: Any, multiple_subgraphs: bool = False) -> Explanation:
    return explain_model(one.model(*others), where="sketch", multiple_subgraphs=multiple_subgraphs)


def test_a_network_of_supported_operators_is_mapped_whole(sketch: Callable[[], Any]) -> None:
    one = sketch()
    one.add("RELU", [one.convolution(one.convolution(one.tensor([1, 8, 8, 4])))], [1, 8, 8, 4])

    found = _explain(one)

    assert [fate.mapped for fate in found.operators] == [True, True, True]
    assert [fate.reason for fate in found.operators] == [None, None, None]
    assert found.mapped_macs_share == 1.0


def test_what_comes_after_an_unmapped_operator_stays_on_the_cpu_and_says_which(sketch: Callable[[], Any]) -> None:
    one = sketch()
    first = one.convolution(one.tensor([1, 8, 8, 4]))
    leaky = one.add("LEAKY_RELU", [first], [1, 8, 8, 4])
    one.convolution(one.convolution(leaky))

    found = _explain(one)

    assert [fate.mapped for fate in found.operators] == [True, False, False, False]
    assert [fate.cause for fate in found.operators] == [None, "unsupported", "subgraph", "subgraph"]
    assert all("LEAKY_RELU 1" in (fate.reason or "") for fate in found.operators[2:])
    assert found.mapped_macs_share == pytest.approx(1 / 3)


def test_the_compilers_option_for_many_parts_brings_them_back(sketch: Callable[[], Any]) -> None:
    one = sketch()
    one.convolution(one.add("LEAKY_RELU", [one.convolution(one.tensor([1, 8, 8, 4]))], [1, 8, 8, 4]))

    assert [fate.mapped for fate in _explain(one, multiple_subgraphs=True).operators] == [True, False, True]


def test_the_quantize_of_a_float_input_costs_only_itself(sketch: Callable[[], Any]) -> None:
    one = sketch()
    quantized = one.add("QUANTIZE", [one.tensor([1, 8, 8, 4], "FLOAT32")], [1, 8, 8, 4])
    one.add("DEQUANTIZE", [one.convolution(quantized)], [1, 8, 8, 4], "FLOAT32")

    assert [fate.mapped for fate in _explain(one).operators] == [False, True, False]


def test_a_float_network_is_told_to_be_quantized(sketch: Callable[[], Any]) -> None:
    one = sketch()
    one.add("RELU", [one.tensor([1, 8, 8, 4], "FLOAT32")], [1, 8, 8, 4], "FLOAT32")

    assert any("convert it to int8" in note for note in _explain(one).notes)


def test_an_operator_of_a_later_version_makes_the_compiler_refuse_the_file(sketch: Callable[[], Any]) -> None:
    one = sketch()
    first = one.convolution(one.tensor([1, 8, 8, 4]))
    weights = [one.tensor([4, 3, 3, 2], values=1), one.tensor([4], "INT32", values=0)]
    one.add("CONV_2D", [first, *weights], [1, 8, 8, 4], version=6)

    found = _explain(one)

    assert found.mapped_operators == 0
    assert {fate.cause for fate in found.operators} == {"refused"}
    assert "CONV_2D is of version 6" in (found.operators[0].reason or "")
    assert found.notes == ("nothing runs on the Edge TPU",)


@pytest.mark.parametrize("name", ["VAR_HANDLE", "GELU", "STABLEHLO_ADD"])
def test_an_operator_that_the_compiler_has_never_heard_of_does_likewise(sketch: Callable[[], Any], name: str) -> None:
    one = sketch()
    one.add(name, [one.convolution(one.tensor([1, 8, 8, 4]))], [1, 8, 8, 4])

    assert "does not know it" in (_explain(one).operators[0].reason or "")


def test_a_size_that_is_computed_as_it_runs_does_likewise(sketch: Callable[[], Any]) -> None:
    one = sketch()
    first = one.convolution(one.tensor([1, 8, 8, 4]))
    one.add("RESHAPE", [first, one.tensor([2], "INT32")], [1, 256])

    found = _explain(one)

    assert {fate.cause for fate in found.operators} == {"dynamic"}
    assert "RESHAPE 1 computes its size" in (found.operators[0].reason or "")


def test_an_open_batch_does_no_harm_and_is_noted(sketch: Callable[[], Any]) -> None:
    one = sketch()
    one.convolution(one.tensor([1, 8, 8, 4], signature=[-1, 8, 8, 4]))

    found = _explain(one)

    assert found.mapped_operators == 1
    assert any("batch" in note for note in found.notes)


def test_only_the_main_subgraph_is_compiled(sketch: Callable[[], Any]) -> None:
    one, other = sketch(), sketch()
    one.convolution(one.tensor([1, 8, 8, 4]))
    other.add("RELU", [other.tensor([1, 4])], [1, 4])

    found = _explain(one, other.graph(1))

    assert [(fate.subgraph, fate.mapped, fate.cause) for fate in found.operators] == [
        (0, True, None),
        (1, False, "subgraph"),
    ]


def test_parameters_of_mapped_operators_are_counted_once_each(sketch: Callable[[], Any]) -> None:
    one = sketch()
    image = one.tensor([1, 8, 8, 4])
    weights, bias = one.tensor([4, 1, 1, 4], values=1), one.tensor([4], "INT32", values=0)
    first = one.add("CONV_2D", [image, weights, bias], [1, 8, 8, 4])
    second = one.add("CONV_2D", [first, weights, bias], [1, 8, 8, 4])
    one.add("ELU", [second], [1, 8, 8, 4])

    assert _explain(one).parameter_bytes == 16 + 16


def test_a_network_larger_than_the_chips_memory_is_noted(sketch: Callable[[], Any]) -> None:
    one = sketch()
    source = one.tensor([1, 4096])
    weights = one.tensor([ON_CHIP_BYTES // 4096 + 1, 4096], values=1)
    one.add("FULLY_CONNECTED", [source, weights, -1], [1, ON_CHIP_BYTES // 4096 + 1], version=4)

    found = _explain(one)

    assert not found.fits_on_chip
    assert any("streamed" in note for note in found.notes)


def test_the_runtime_that_is_needed_is_noted(sketch: Callable[[], Any]) -> None:
    one = sketch()
    image = one.tensor([1, 8, 8, 4])
    one.add("RSQRT", [one.add("PRELU", [image, one.tensor([1, 1, 4], values=1)], [1, 8, 8, 4])], [1, 8, 8, 4])

    assert "needs Edge TPU runtime 14 or later, for RSQRT" in _explain(one).notes


def test_a_file_that_is_compiled_already_is_refused(sketch: Callable[[], Any]) -> None:
    one = sketch()
    one.add("CUSTOM", [one.tensor([1, 8, 8, 4])], [1, 10], custom="edgetpu-custom-op")

    with pytest.raises(ConfigError, match="compiled for the Edge TPU already"):
        _explain(one)


def test_the_json_form_has_a_line_for_each_operator(sketch: Callable[[], Any]) -> None:
    one = sketch()
    one.add("ELU", [one.convolution(one.tensor([1, 8, 8, 4]))], [1, 8, 8, 4])

    tree = _explain(one).to_json()

    assert [(line["name"], line["index"], line["mapped"]) for line in tree["operators"]] == [
        ("CONV_2D", 0, True),
        ("ELU", 1, False),
    ]
    assert tree["operators"][0]["reason"] is None
    assert "no such operator" in tree["operators"][1]["reason"]
    assert (tree["mapped_operators"], tree["operator_count"], tree["fits_on_chip"]) == (1, 2, True)

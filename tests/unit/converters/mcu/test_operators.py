"""The resolver's methods, and operators that TensorFlow Lite Micro lacks."""

from __future__ import annotations

import pytest

from skerry_converters.mcu.operators import HINTS, METHODS, operators_header, tflm_operators
from skerry_converters.tflite_file.model import Operator, Subgraph, TfliteModel
from skerry_converters.tflite_file.vocabulary import BUILTIN_OPERATORS
from skerry_edge.foundation.errors import ConfigError


def _graph(index: int, *names: str) -> Subgraph:
    operators = tuple(
        Operator(
            index=place,
            name="CUSTOM" if name.startswith("custom ") else name,
            version=1,
            custom_code=name.removeprefix("custom ") if name.startswith("custom ") else "",
            inputs=(),
            outputs=(),
            options={},
        )
        for place, name in enumerate(names)
    )
    return Subgraph(index=index, name="", tensors=(), inputs=(), outputs=(), operators=operators)


def _model(*graphs: Subgraph) -> TfliteModel:
    return TfliteModel(description="", subgraphs=graphs, buffer_sizes=(), metadata=(), size=0)


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("CONV_2D", "AddConv2D"),
        ("DEPTHWISE_CONV_2D", "AddDepthwiseConv2D"),
        ("FULLY_CONNECTED", "AddFullyConnected"),
        ("L2_NORMALIZATION", "AddL2Normalization"),
        ("PADV2", "AddPadV2"),
        ("SPACE_TO_BATCH_ND", "AddSpaceToBatchNd"),
        ("UNIDIRECTIONAL_SEQUENCE_LSTM", "AddUnidirectionalSequenceLSTM"),
        ("BATCH_MATMUL", "AddBatchMatMul"),
        ("RELU6", "AddRelu6"),
        ("SPLIT_V", "AddSplitV"),
    ],
)
def test_methods_are_named_as_the_resolver_names_them(name: str, method: str) -> None:
    assert METHODS[name] == method


def test_each_kind_is_listed_once_with_its_count_over_all_subgraphs() -> None:
    model = _model(
        _graph(0, "CONV_2D", "CALL_ONCE", "CONV_2D", "custom SignalRfft"), _graph(1, "VAR_HANDLE", "CONV_2D")
    )

    found = tflm_operators(model, where="net")

    assert [(one.name, one.method, one.count) for one in found] == [
        ("CALL_ONCE", "AddCallOnce", 1),
        ("CONV_2D", "AddConv2D", 3),
        ("SignalRfft", "AddRfft", 1),
        ("VAR_HANDLE", "AddVarHandle", 1),
    ]


def test_every_operator_that_is_lacking_is_named_with_its_place_and_a_hint() -> None:
    model = _model(_graph(0, "CONV_2D", "GELU", "custom MyOp"), _graph(1, "TOPK_V2"))

    with pytest.raises(ConfigError) as caught:
        tflm_operators(model, where="net")

    text = str(caught.value)
    assert "GELU (subgraph 0, operator 1): train with RELU or RELU6" in text
    assert "CUSTOM 'MyOp' (subgraph 0, operator 2)" in text
    assert "TOPK_V2 (subgraph 1, operator 0): sort after the network" in text
    assert "CONV_2D" not in text


def test_the_header_states_the_count_and_the_arena() -> None:
    operators = tflm_operators(_model(_graph(0, "CONV_2D", "SOFTMAX")), where="net")

    text = operators_header("net", operators, 7584)

    assert "net_operator_count = 2;" in text
    assert "net_arena_bytes = 7584;" in text


def test_the_lists_speak_of_operators_that_exist() -> None:
    assert set(METHODS) <= set(BUILTIN_OPERATORS)
    assert set(HINTS) <= set(BUILTIN_OPERATORS) - set(METHODS)

"""The prediction against what Coral's own compiler did, operator by operator."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_converters.edgetpu.compiled import mapped_operators
from skerry_converters.edgetpu.predict import explain
from skerry_converters.tflite_file.reader import read_tflite
from skerry_edge.foundation.errors import ConfigError

PAIRS = {
    "deeplabv3_mnv2_dm05_pascal_quant": (72, 8),
    "keras_lstm_mnist_ptq": (6, 0),
    "mobilenet_v1_0.25_128_quant": (31, 0),
    "posenet_mobilenet_v1_075_353_481_16_quant_decoder": (38, 1),
}
"""Each network with the number of its operators, and of those that the compiler left outside its custom operator."""


@pytest.mark.parametrize("name", PAIRS)
def test_the_prediction_agrees_with_the_compiler_on_every_operator(shared_data: Path, name: str) -> None:
    original = shared_data / "edgetpu" / f"{name}.tflite"
    truth = mapped_operators(read_tflite(original), read_tflite(original.with_name(f"{name}_edgetpu.tflite")))
    predicted = explain(original).operators

    assert (len(truth), truth.count(False)) == PAIRS[name]
    wrong = [
        (one.index, one.name, one.reason) for one, fact in zip(predicted, truth, strict=True) if one.mapped != fact
    ]
    assert wrong == []


def test_a_compiled_file_is_not_explained_again(shared_data: Path) -> None:
    with pytest.raises(ConfigError, match="compiled for the Edge TPU already"):
        explain(shared_data / "edgetpu" / "keras_lstm_mnist_ptq_edgetpu.tflite")


def test_a_wake_word_that_keeps_variables_is_refused_whole() -> None:
    from skerry_edge.audio.manifest import builtin_manifests

    found = explain(builtin_manifests()["alexa"].with_suffix(".tflite"))

    assert found.mapped_operators == 0
    assert "VAR_HANDLE" in (found.operators[0].reason or "")

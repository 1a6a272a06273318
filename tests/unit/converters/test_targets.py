"""Targets are named exactly, and what they need is asked for before any work is done."""

from __future__ import annotations

import importlib.util

import pytest

from skerry_converters.families.registry import TARGETS, choose_targets, parse_targets
from skerry_converters.sources.base import Description, FormName, SourceFacts
from skerry_edge.contracts.manifest import Raw, TensorInput
from skerry_edge.foundation.errors import ConfigError, MissingError


def facts(*, quantized: bool = False, **forms: str | None) -> SourceFacts:
    """Describe a source that can be had in ``forms``, where those with a reason cannot."""
    given: dict[FormName, str | None] = dict(forms) or {"onnx": None, "function": None}  # type: ignore[arg-type]
    return SourceFacts(
        kind="keras",
        where="net.keras",
        files={},
        inputs=(),
        outputs=(),
        description=Description(task="other", labels=(), input=TensorInput(), output=Raw()),
        forms=given,
        options={},
        quantized=quantized,
    )


def test_each_target_is_taken_once_in_the_order_given() -> None:
    assert parse_targets("tflite-fp32, onnx-fp32,tflite-fp32") == ("tflite-fp32", "onnx-fp32")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("onnx-int9", "did you mean 'onnx-int8'?"),
        ("xyz", "known: onnx-fp32, onnx-fp16"),
        ("", "no target"),
        (",", "no target"),
        ("all,onnx-fp32", "'all' stands for every target"),
    ],
)
def test_an_unknown_target_is_answered_with_the_nearest(text: str, word: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_targets(text)
    assert word in str(caught.value)


@pytest.mark.parametrize(
    ("target", "package", "extra"),
    [
        ("onnx-fp32", "onnx", "convert"),
        ("tflite-fp32", "tensorflow", "convert"),
        ("openvino-int8", "nncf", "convert"),
        ("onnx-fp32", "onnxruntime", "onnx"),
    ],
)
def test_a_missing_tool_or_runtime_names_its_extra(
    monkeypatch: pytest.MonkeyPatch, target: str, package: str, extra: str
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find(name))
    with pytest.raises(MissingError) as caught:
        choose_targets((target,), facts(), calibrated=True)
    assert package in str(caught.value)
    assert f"skerry[{extra}]" in str(caught.value)


def test_an_integer_target_without_calibration_data_is_wrong_usage() -> None:
    with pytest.raises(ConfigError, match="tflite-int8") as caught:
        choose_targets(("tflite-int8",), facts(), calibrated=False)
    assert "--calibration" in str(caught.value)


def test_all_takes_what_can_be_made_and_says_why_the_rest_cannot() -> None:
    choice = choose_targets(("all",), facts(), calibrated=False)
    made = {target.name for target in choice.targets}
    assert {"onnx-fp32", "tflite-dynamic", "openvino-fp16"} <= made
    assert "--calibration" in choice.left_out["onnx-int8"]
    assert made | set(choice.left_out) == set(TARGETS)


def test_a_form_that_cannot_be_had_here_is_the_reason() -> None:
    choice = choose_targets(("all",), facts(onnx=None, tflite="there is no Python 3.12"), calibrated=True)
    assert choice.left_out["tflite-fp32"] == "there is no Python 3.12"


def test_a_quantized_source_is_carried_on_and_never_made_float() -> None:
    choice = choose_targets(("all",), facts(quantized=True, tflite=None), calibrated=False)
    assert {target.name for target in choice.targets} <= {"tflite-int8", "edgetpu-int8", "mcu-int8"}
    assert "quantized already" in choice.left_out["onnx-fp32"]

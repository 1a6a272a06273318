"""Targets are named exactly, and what they need is asked for before any work is done."""

from __future__ import annotations

import importlib.util

import pytest

from skerry_converters.targets import parse_targets, require_tools
from skerry_edge.foundation.errors import ConfigError, MissingError


def test_each_target_is_taken_once_in_the_order_given() -> None:
    names = [target.name for target in parse_targets("tflite-fp32, onnx-fp32,tflite-fp32")]
    assert names == ["tflite-fp32", "onnx-fp32"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("onnx", "did you mean 'onnx-fp32'?"),
        ("xyz", "known: onnx-fp32, tflite-fp32"),
        ("", "no target"),
        (",", "no target"),
    ],
)
def test_an_unknown_target_is_answered_with_the_nearest(text: str, word: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_targets(text)
    assert word in str(caught.value)


@pytest.mark.parametrize(("target", "package"), [("onnx-fp32", "onnx"), ("tflite-fp32", "tensorflow")])
def test_a_missing_tool_names_the_extra(monkeypatch: pytest.MonkeyPatch, target: str, package: str) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find(name))
    with pytest.raises(MissingError, match=r"pip install 'skerry\[convert\]'") as caught:
        require_tools(parse_targets(target))
    assert package in caught.value.what


def test_a_missing_runtime_for_the_gate_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnxruntime" else find(name))
    with pytest.raises(MissingError, match=r"skerry\[onnx\]"):
        require_tools(parse_targets("onnx-fp32"))

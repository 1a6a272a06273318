"""Backends by name, without any of their runtimes."""

import dataclasses

import pytest

from skerry_edge.backends.registry import BACKENDS, backend_for, missing_reason, open_backend
from skerry_edge.foundation.errors import ConfigError, MissingError


@pytest.fixture
def no_onnx(monkeypatch):
    monkeypatch.setitem(BACKENDS, "onnx", dataclasses.replace(BACKENDS["onnx"], runtimes=("no_such_package",)))


def test_a_format_has_one_backend():
    assert (backend_for("onnx"), backend_for("tflite")) == ("onnx", "litert")


def test_a_format_that_nothing_loads_is_refused():
    with pytest.raises(ConfigError, match="'mcu'"):
        backend_for("mcu")


def test_a_misspelt_backend_is_answered_with_the_nearest(tmp_path):
    with pytest.raises(ConfigError, match="there is no such backend") as caught:
        open_backend("litrt", tmp_path / "model")
    assert "did you mean 'litert'?" in str(caught.value)


@pytest.mark.usefixtures("no_onnx")
def test_a_missing_runtime_is_told_with_the_extra_to_install(tmp_path):
    assert "pip install 'skerry[onnx]'" in missing_reason("onnx")
    with pytest.raises(MissingError) as caught:
        open_backend("onnx", tmp_path / "model")
    assert "skerry[onnx]" in str(caught.value)
    assert caught.value.exit_code == 3

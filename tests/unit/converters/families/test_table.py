"""The table of what converts to what, held against the registry and what a machine lacks."""

import importlib.util

import pytest

from skerry_converters.families.registry import TARGETS
from skerry_converters.families.table import COPIED, rows
from skerry_converters.sources.kinds import DARKNET, INTEGER_TFLITE, KERAS, KINDS, ONNX, TFLITE
from skerry_converters.toolchains import environment

TABLE = {row.target.name: row for row in rows()}


@pytest.fixture
def without(monkeypatch):
    """Return a function that takes a package away."""

    def take(name):
        real = importlib.util.find_spec
        monkeypatch.setattr(importlib.util, "find_spec", lambda asked, *more: None if asked == name else real(asked))

    return take


def test_every_target_has_a_row_in_the_order_of_the_registry():
    assert list(TABLE) == list(TARGETS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
def test_there_is_a_way_where_the_target_itself_says_so(kind, monkeypatch):
    monkeypatch.setattr(environment, "find_python", lambda _oldest, _newest: "python3.12")
    for name, row in TABLE.items():
        reason = TARGETS[name].unavailable_reason(kind)
        if reason and "not installed" in reason:
            pytest.skip(reason)
        assert (kind in [route.kind for route in row.routes]) == (reason is None), name


@pytest.mark.parametrize(
    ("target", "kind", "cell"),
    [
        ("onnx-fp32", ONNX, COPIED),
        ("tflite-fp32", TFLITE, COPIED),
        ("tflite-int8", INTEGER_TFLITE, COPIED),
        ("tflite-int8", ONNX, "onnx2tf, tensorflow"),
        ("tflite-fp16", DARKNET, "keras, tensorflow"),
        ("tflite-dynamic", ONNX, "onnx2tf, litert-quantizer"),
        ("openvino-int8", KERAS, "tf2onnx, openvino, nncf"),
        ("mcu-int8", INTEGER_TFLITE, "tflite-micro"),
        ("onnx-int8", INTEGER_TFLITE, "-"),
    ],
)
def test_a_cell_names_the_tools_in_their_order(target, kind, cell):
    assert TABLE[target].cell(kind) == cell


def test_a_package_that_is_missing_bars_the_ways_that_need_it(without):
    without("tf2onnx")
    assert set(TABLE["onnx-int8"].unavailable()) == {KERAS.title, TFLITE.title}
    assert "tf2onnx is not installed" in TABLE["onnx-int8"].unavailable()[KERAS.title]
    assert TABLE["tflite-int8"].unavailable() == {}


def test_a_reader_that_is_missing_bars_its_kind_of_source(without):
    without("onnx")
    assert "onnx is not installed" in TABLE["tflite-fp32"].unavailable()[ONNX.title]
    assert KERAS.title not in TABLE["tflite-fp32"].unavailable()


def test_without_a_python_for_onnx2tf_tflite_cannot_be_made_from_onnx(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(environment, "find_python", lambda _oldest, _newest: None)
    assert set(TABLE["tflite-int8"].unavailable()) == {ONNX.title}
    assert TABLE["onnx-int8"].unavailable() == {}


def test_the_edge_tpu_s_compiler_is_told_to_lack(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "'edgetpu_compiler' is not on the PATH" in TABLE["edgetpu-int8"].lacking()
    assert TABLE["tflite-int8"].lacking() is None

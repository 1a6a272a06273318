"""Networks that cannot go to a microcontroller."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from ai_edge_litert import schema_py_generated as schema

from skerry_converters.mcu import tflm as module
from skerry_converters.mcu.artifacts import make_mcu
from skerry_converters.tflite_file.errors import TfliteFileError
from skerry_edge.foundation.errors import ConfigError, MissingError


@pytest.mark.usefixtures("tflm")
def test_a_float_network_is_refused() -> None:
    import tflite_micro.python.tflite_micro as package

    (sine,) = (Path(folder, "sine_float.tflite") for folder in package.__path__)

    with pytest.raises(ConfigError, match=r"fully quantized.*FLOAT32"):
        make_mcu(sine.read_bytes(), "sine")


def test_operators_that_tflm_lacks_are_named(shared_data: Path) -> None:
    posenet = shared_data / "edgetpu" / "mobilenet_v1_0.25_128_quant_edgetpu.tflite"

    with pytest.raises(ConfigError, match=r"lacks operators.*edgetpu-custom-op"):
        make_mcu(posenet.read_bytes(), "posenet")


def test_a_tensor_that_fits_no_microcontroller_is_refused_before_anything_runs(wake_words: dict[str, Path]) -> None:
    data = bytearray(wake_words["alexa"].read_bytes())
    graph = schema.Model.GetRootAs(data, 0).Subgraphs(0)
    shape = graph.Tensors(graph.Inputs(0)).ShapeAsNumpy()  # a view: writing to it writes to the file
    shape[:] = [1, 1 << 20, 1 << 10]

    with pytest.raises(ConfigError, match="no microcontroller holds a tensor"):
        make_mcu(bytes(data), "huge")


def test_a_damaged_file_is_refused_before_anything_runs(wake_words: dict[str, Path]) -> None:
    with pytest.raises(TfliteFileError):
        make_mcu(wake_words["alexa"].read_bytes()[:20_000], "alexa")


def test_without_tflite_micro_the_error_names_the_extra(
    wake_words: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        module.importlib.util, "find_spec", lambda name, *more: None if name == "tflite_micro" else real(name, *more)
    )

    with pytest.raises(MissingError, match=r"skerry\[mcu\]"):
        make_mcu(wake_words["alexa"].read_bytes(), "alexa")

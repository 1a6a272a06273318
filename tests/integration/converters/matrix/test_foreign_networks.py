"""Networks that people bring, to every target: Keras, ONNX by onnx2tf, and files that are int8 already."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_converters.families.registry import TARGETS
from skerry_edge.contracts.bundle import Bundle

pytestmark = pytest.mark.timeout(1800)
CLASSIFIER = """\
labels = ["a", "b", "c", "d", "e"]
[input]
scale = [2.0]
offset = [-1.0]
[output]
kind = "classification"
classes = 5
score_threshold = 0.0
"""
DETECTOR = """\
labels = ["a", "b", "c"]
[input]
resize = "letterbox"
[output]
kind = "ultralytics"
classes = 3
score_threshold = 0.2
"""
MOBILENET = """\
import keras, numpy, sys
keras.utils.set_random_seed(3)
layers = keras.layers

def separable(x, filters, stride):
    x = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.0)(x))
    x = layers.Conv2D(filters, 1, use_bias=False)(x)
    return layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.0)(x))

x = picture = keras.Input((96, 96, 3), name="picture")
x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)
x = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.0)(x))
for filters, stride in ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1)):
    x = separable(x, filters, stride)
x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
x = layers.Dense(5, kernel_initializer=keras.initializers.RandomNormal(0, 1.0))(x)
model = keras.Model(picture, layers.Softmax()(x))
# The statistics of real activations, as training leaves them.
coarse = numpy.random.default_rng(0).uniform(-1, 1, (32, 6, 6, 3)).repeat(16, 1).repeat(16, 2)
model(coarse.astype("float32"), training=True)
model.save(sys.argv[1]) if sys.argv[1].endswith(".keras") else model.export(sys.argv[1], verbose=False)
"""


@pytest.fixture
def everything(
    command: Callable[..., object], halves: tuple[Path, Path], tmp_path: Path
) -> Callable[[Path, str], object]:
    """Return a function that converts a network, described by a manifest, to all targets."""

    def convert(source: Path, manifest: str) -> object:
        pytest.importorskip("tflite_micro", reason="its wheels are for Linux on x86-64")
        described = tmp_path / "network.toml"
        described.write_text(manifest)
        data = ["--calibration", halves[0], "--gate-data", halves[1]]
        more = ["--manifest", described, "--to", "all", *data, "--out", tmp_path / "all.skerry", "--json"]
        return command("convert", source, *more)

    return convert


def _require_everything(done, least_boxes: int) -> None:
    assert done.code == 0, done.err
    assert done.outcomes == dict.fromkeys(TARGETS, "passed")
    assert all(row["boxes"]["source_boxes"] >= least_boxes for row in done.told["variants"])


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".keras", ""])
def test_a_keras_mobilenet_goes_to_every_target(suffix: str, everything, tmp_path: Path) -> None:
    path = tmp_path / f"mobilenet{suffix}"
    subprocess.run([sys.executable, "-c", MOBILENET, str(path)], check=True, capture_output=True)
    _require_everything(everything(path, CLASSIFIER), least_boxes=50)


@pytest.mark.slow
@pytest.mark.usefixtures("onnx2tf")
def test_an_onnx_mobilenet_goes_to_every_target(everything, onnx_mobilenet: Path) -> None:
    _require_everything(everything(onnx_mobilenet, CLASSIFIER), least_boxes=50)


@pytest.mark.slow
@pytest.mark.usefixtures("onnx2tf")
def test_an_onnx_detector_as_ultralytics_exports_it_goes_to_every_target(
    everything, onnx_yolo: Path, matched_share, tmp_path: Path
) -> None:
    done = everything(onnx_yolo, DETECTOR)
    _require_everything(done, least_boxes=500)
    tools = {name: set(one.tools) for name, one in Bundle.open(tmp_path / "all.skerry").manifest.variants.items()}
    assert all(("onnx2tf" in used) == name.startswith(("tflite", "edgetpu", "mcu")) for name, used in tools.items())
    for name in ("tflite-fp32", "tflite-int8", "onnx-int8"):
        assert matched_share(tmp_path / "all.skerry", "onnx-fp32", name) >= 0.9, name


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["micro_speech_quantized", "mlperf_tiny_kws", "mlperf_tiny_streaming_wakeword", "mlperf_tiny_vww"]
)
def test_a_file_that_is_int8_already_goes_as_far_as_its_kind_allows(
    name: str, command, shared_data: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tflite_micro", reason="its wheels are for Linux on x86-64")
    out, source = tmp_path / "int8.skerry", shared_data / f"tflite/{name}.tflite"
    done = command("convert", source, "--to", "all", "--board", "raspberry-pi-pico", "--out", out, "--json")
    assert done.code == 0, done.err
    assert set(done.outcomes) == {"tflite-int8", "edgetpu-int8", "mcu-int8"}
    assert set(done.told["left_out"]) == set(TARGETS) - set(done.outcomes)
    bundle = Bundle.open(out)
    assert bundle.read(bundle.manifest.variants["tflite-int8"]) == source.read_bytes()


def test_where_there_is_no_python_for_onnx2tf_that_is_told_and_the_rest_is_made(
    command, onnx_mobilenet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.version_info >= (3, 12):
        pytest.skip("this very Python runs onnx2tf")
    for name in ("HOME", "XDG_CACHE_HOME", "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "net.skerry"
    done = command("convert", onnx_mobilenet, "--to", "tflite-fp32", "--out", out)
    assert done.code == 3
    assert "onnx2tf needs Python 3.12 to 3.13, and there is none on the PATH, of pyenv or of uv" in done.err
    assert not out.exists()
    done = command("convert", onnx_mobilenet, "--to", "all", "--out", out, "--json")
    assert done.code == 0, done.err
    assert set(done.outcomes) == {"onnx-fp32", "onnx-fp16", "openvino-fp16"}
    assert "onnx2tf needs Python 3.12" in done.told["left_out"]["tflite-fp32"]

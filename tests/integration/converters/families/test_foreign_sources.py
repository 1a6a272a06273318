"""Networks from elsewhere through the targets: Keras, SavedModel, ONNX, float and integer TFLite."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from skerry_converters.families.apart import make_apart
from skerry_converters.families.registry import TARGETS, choose_targets
from skerry_converters.sources.files import SourceFile
from skerry_converters.sources.foreign import Foreign, ForeignManifest, PictureInput
from skerry_converters.sources.opening import open_source
from skerry_converters.tflite_file.reader import read_tflite
from skerry_converters.toolchains.onnx2tf import ONNX2TF
from skerry_edge.contracts.manifest import Classification, Ultralytics
from skerry_edge.foundation.errors import ConfigError, DataError, MissingError

LEAST_DB = {"fp32": 100.0, "fp16": 45.0, "dynamic": 25.0, "int8x16": 30.0, "int8": 18.0}


@pytest.fixture
def convert(samples, tmp_path):
    """Return a function that makes a target from a source, with samples where it needs them."""

    def make(source, name):
        reason = TARGETS[name].unavailable_reason(source.facts)
        if reason:
            pytest.skip(reason)
        calibration = None if source.facts.quantized else samples(source.facts.inputs[0].shape)
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        return make_apart(name, source, calibration, folder)

    return make


@pytest.mark.parametrize("name", ["tflite-fp32", "onnx-fp32", "onnx-int8", "openvino-int8", "edgetpu-int8"])
def test_a_keras_model_is_converted(name, keras_model, convert, compare):
    source = open_source(keras_model)
    assert source.facts.kind == "keras"
    emitted = convert(source, name)
    assert compare(source, emitted).sqnr_db() >= LEAST_DB[emitted.precision]


def test_leaky_relu_of_a_keras_model_becomes_prelu_with_its_own_slope(keras_model, convert):
    emitted = convert(open_source(keras_model), "edgetpu-int8")
    graph = read_tflite(emitted.runnable).main
    (prelu,) = [one for one in graph.operators if one.name == "PRELU"]
    alpha = graph.given(prelu)[1]
    assert alpha.values() * alpha.quantization.scales[0] == pytest.approx(0.2, rel=0.01)


@pytest.mark.parametrize("suffix", ["h5", "saved"])
def test_other_keras_formats_compute_the_same(suffix, keras_model, convert, compare, tmp_path):
    keras = pytest.importorskip("keras", reason="the extra 'convert' is not installed")
    model = keras.saving.load_model(keras_model)
    path = tmp_path / ("net.h5" if suffix == "h5" else "net")
    model.save(path) if suffix == "h5" else model.export(path, verbose=False)
    source, first = open_source(path), open_source(keras_model)
    image = np.random.default_rng(0).random((1, 32, 32, 3), dtype=np.float32)
    assert source.evaluate((image,))[0] == pytest.approx(first.evaluate((image,))[0], abs=1e-6)
    assert compare(source, convert(source, "tflite-int8")).sqnr_db() >= LEAST_DB["int8"]


def test_every_file_of_a_saved_model_is_hashed(keras_model, tmp_path):
    keras = pytest.importorskip("keras", reason="the extra 'convert' is not installed")
    keras.saving.load_model(keras_model).export(tmp_path / "net", verbose=False)
    facts = open_source(tmp_path / "net").facts
    assert facts.kind == "saved-model"
    assert {"net/saved_model.pb", "net/variables/variables.index"} < set(facts.files)
    assert set(facts.roles.values()) == {"network"}


@pytest.mark.parametrize("content", [b"", b"no model", b"PK\x03\x04" + bytes(64), b"\x89HDF\r\n\x1a\n" + bytes(64)])
@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_what_is_no_keras_model_is_refused(name, content, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match="no Keras model") as caught:
        open_source(path)
    assert str(path) in str(caught.value)


def test_a_damaged_saved_model_is_refused(tmp_path):
    folder = tmp_path / "net"
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(b"damaged")
    with pytest.raises(DataError, match="no SavedModel"):
        open_source(folder)


def test_a_layer_that_keras_does_not_have_is_refused_with_a_way_out(tmp_path):
    keras = pytest.importorskip("keras", reason="the extra 'convert' is not installed")

    class Odd(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2

    picture = keras.Input((8, 8, 3))
    path = tmp_path / "net.keras"
    keras.Model(picture, Odd()(picture)).save(path)
    with pytest.raises(ConfigError, match="Keras itself does not have") as caught:
        open_source(path)
    assert "SavedModel" in caught.value.todo


def test_a_lambda_which_would_run_what_the_file_says_is_refused_with_a_way_out(tmp_path):
    keras = pytest.importorskip("keras", reason="the extra 'convert' is not installed")
    picture = keras.Input((8, 8, 3))
    path = tmp_path / "net.keras"
    keras.Model(picture, keras.layers.Lambda(lambda x: x * 2)(picture)).save(path)
    with pytest.raises(ConfigError, match="Keras itself does not have") as caught:
        open_source(path)
    assert "Lambda" in caught.value.found
    assert "SavedModel" in caught.value.todo


def test_a_keras_model_cut_short_is_not_said_to_be_missing(keras_model, tmp_path):
    path = tmp_path / "net.keras"
    path.write_bytes(keras_model.read_bytes()[:3000])
    with pytest.raises(DataError, match="no Keras model") as caught:
        open_source(path)
    assert "cut short" in caught.value.found


@pytest.fixture(scope="session")
def float_tflite(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("tflite") / "net.tflite"
    shutil.copyfile(made("tflite-fp32").files[0], path)
    return path


@pytest.mark.parametrize(
    "name", ["tflite-fp32", "tflite-fp16", "tflite-dynamic", "tflite-int8", "tflite-int8x16", "onnx-int8", "mcu-int8"]
)
def test_a_float_tflite_file_is_converted(name, float_tflite, convert, compare):
    source = open_source(float_tflite)
    emitted = convert(source, name)
    assert compare(source, emitted).sqnr_db() >= LEAST_DB[emitted.precision]


def test_no_operator_of_a_foreign_int8_file_stays_in_float(float_tflite, convert):
    graph = read_tflite(convert(open_source(float_tflite), "tflite-int8").runnable).main
    assert {graph.tensors[one].type for operator in graph.operators for one in operator.outputs} == {"INT8"}


@pytest.mark.parametrize("model", ["mlperf_tiny_vww", "mlperf_tiny_kws", "mlperf_tiny_streaming_wakeword"])
def test_a_file_that_is_int8_already_goes_on_as_it_is(model, shared_data, convert):
    path = shared_data / "tflite" / f"{model}.tflite"
    source = open_source(path)
    assert source.facts.quantized
    assert convert(source, "tflite-int8").files[0].read_bytes() == path.read_bytes()
    choice = choose_targets(("all",), source.facts, calibrated=False)
    assert {"onnx-int8", "tflite-fp16", "openvino-int8"} <= set(choice.left_out)


def test_an_int8_file_for_microcontrollers_is_the_file_itself_in_c(shared_data, convert):
    path = shared_data / "tflite" / "micro_speech_quantized.tflite"
    emitted = convert(open_source(path), "mcu-int8")
    assert [one.name for one in emitted.files] == [
        "micro_speech_quantized_model.cc",
        "micro_speech_quantized_model.h",
        "micro_speech_quantized_operators.h",
    ]
    assert "arena" in emitted.notes[0]


def test_a_network_of_the_edge_tpu_compiler_is_refused_with_what_to_give(shared_data):
    with pytest.raises(ConfigError, match="compiled for the Edge TPU already") as caught:
        open_source(shared_data / "edgetpu" / "mobilenet_v1_0.25_128_quant_edgetpu.tflite")
    assert "compiled from" in caught.value.todo


def test_a_network_with_float_edges_around_integers_is_refused(made, tmp_path):
    path = tmp_path / "net.tflite"
    shutil.copyfile(made("tflite-dynamic").files[0], path)
    with pytest.raises(ConfigError, match="part of the network is quantized"):
        open_source(path)


@pytest.mark.parametrize("content", [b"", b"no model", b"\x1c\0\0\0TFL3" + bytes(64)])
def test_what_is_no_tflite_file_is_refused(content, tmp_path):
    path = tmp_path / "net.tflite"
    path.write_bytes(content)
    with pytest.raises(DataError):
        open_source(path)


def ultralytics(path, boxes=64):
    """A network that ends as an export of YOLOv8: boxes up to 512 pixels joined with scores up to 1."""
    random = np.random.default_rng(0)
    nodes = [
        helper.make_node("Conv", ["images", "kernel"], ["grid"]),
        helper.make_node("Reshape", ["grid", "flat"], ["all"]),
        helper.make_node("Split", ["all", "parts"], ["raw_boxes", "raw_scores"], axis=1),
        helper.make_node("Mul", ["raw_boxes", "stride"], ["boxes"]),
        helper.make_node("Sigmoid", ["raw_scores"], ["scores"]),
        helper.make_node("Concat", ["boxes", "scores"], ["output0"], axis=1),
    ]
    constants = {
        "kernel": random.uniform(0, 1, (6, 3, 1, 1)).astype(np.float32)
        * np.float32([9, 9, 9, 9, 2, -2])[:, None, None, None],
        "flat": np.array([1, 6, boxes], np.int64),
        "parts": np.array([4, 2], np.int64),
        "stride": np.float32(32),
    }
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, 8, 8])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, ["n", 6, boxes])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11 + 2)], ir_version=8), path)
    return path


def test_scores_of_an_ultralytics_head_survive_int8(convert, compare, tmp_path):
    manifest = ForeignManifest(labels=("cat", "dog"), input=PictureInput(), output=Ultralytics(classes=2))
    foreign = Foreign(manifest=manifest, labels=("cat", "dog"), where="net.toml", files={})
    source = open_source(ultralytics(tmp_path / "net.onnx"), foreign)
    outputs = compare(source, convert(source, "onnx-int8"))
    assert outputs.found[1] == pytest.approx(outputs.expected[1], abs=0.02)
    assert np.ptp(outputs.found[1]) > 0.3


def opset_11(path):
    random = np.random.default_rng(0)
    nodes = [
        helper.make_node("Conv", ["images", "stem"], ["a"], name="stem_conv", pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("BatchNormalization", ["a", "scale", "shift", "mean", "variance"], ["b"]),
        helper.make_node("LeakyRelu", ["b"], ["c"], alpha=0.1),
        helper.make_node("MaxPool", ["c"], ["d"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["d", "last"], ["y"], name="last_conv"),
    ]
    constants = {
        "stem": random.normal(0, 0.3, (8, 3, 3, 3)),
        "last": random.normal(0, 0.4, (6, 8, 1, 1)),
        "scale": random.uniform(0.5, 1.5, 8),
        "shift": random.normal(0, 0.5, 8),
        "mean": random.normal(0, 0.1, 8),
        "variance": random.uniform(0.5, 1.5, 8),
    }
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, 32, 32])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 6, 8, 8])],
        [numpy_helper.from_array(array.astype(np.float32), name) for name, array in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6), path)
    return path


@pytest.mark.parametrize("name", ["onnx-fp32", "onnx-fp16", "onnx-int8", "openvino-int8"])
def test_an_onnx_network_of_opset_11_is_converted(name, convert, compare, tmp_path):
    source = open_source(opset_11(tmp_path / "net.onnx"))
    emitted = convert(source, name)
    assert compare(source, emitted).sqnr_db() >= LEAST_DB[emitted.precision]
    assert emitted.macs.integer_share == (1.0 if "int8" in name else 0.0)


@pytest.mark.parametrize("name", ["tflite-fp32", "tflite-int8", "mcu-int8"])
def test_an_onnx_network_becomes_tflite_by_onnx2tf(name, darknet, convert, compare, tmp_path):
    if not ONNX2TF.python.exists():
        pytest.skip("onnx2tf's environment is not made on this machine: `make test-slow` makes one")
    # Both have a max-pool whose padding TFLite has no word for.
    for path in (darknet.to_file("onnx", tmp_path).path, opset_11(tmp_path / "net.onnx")):
        _check_by_onnx2tf(open_source(path), name, convert, compare)


def _check_by_onnx2tf(source, name, convert, compare):
    emitted = convert(source, name)
    assert emitted.inputs[0].layout == "NHWC"
    assert "onnx2tf" in emitted.tools
    assert compare(source, emitted).sqnr_db() >= LEAST_DB[emitted.precision]


def test_without_a_python_for_onnx2tf_the_reason_is_told(darknet, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    monkeypatch.setattr("skerry_converters.toolchains.environment.find_python", lambda _oldest, _newest: None)
    source = open_source(darknet.to_file("onnx", tmp_path).path)
    with pytest.raises(MissingError, match="tflite-int8") as caught:
        choose_targets(("tflite-int8",), source.facts, calibrated=True)
    assert "Python 3.12" in caught.value.found


def test_a_classifier_is_described_by_its_manifest(keras_model):
    manifest = ForeignManifest(
        labels=tuple("abcde"), input=PictureInput(scale=(2.0,), offset=(-1.0,)), output=Classification(classes=5)
    )
    foreign = Foreign(
        manifest=manifest,
        labels=tuple("abcde"),
        where="net.toml",
        files=(SourceFile(name="net.toml", role="manifest", sha256="0" * 64),),
    )
    facts = open_source(keras_model, foreign).facts
    assert facts.description.task == "classification"
    assert facts.description.input.width == 32
    assert set(facts.files) == {"net.keras", "net.toml"}

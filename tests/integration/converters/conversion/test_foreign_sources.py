"""Networks from elsewhere, through the command: Keras, ONNX with a manifest, and TFLite that is int8 already."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import Classification, ImageInput, Raw, TensorInput

Skerry = Callable[..., object]


@pytest.fixture
def onnx_file(tmp_path: Path) -> Path:
    """A classifier of 24x32 pictures with an open batch, as frameworks export them."""
    random = np.random.default_rng(5)
    constants = {
        "kernel": random.normal(0, 0.4, (8, 3, 3, 3)),
        "bias": random.normal(0, 0.1, 8),
        "matrix": random.normal(0, 1.0, (8, 3)),
    }
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["images", "kernel", "bias"], ["summed"], name="first", pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["summed"], ["kept"], name="relu"),
            helper.make_node("GlobalAveragePool", ["kept"], ["pooled"], name="pool"),
            helper.make_node("Flatten", ["pooled"], ["flat"], name="flat"),
            helper.make_node("MatMul", ["flat", "matrix"], ["scores"], name="last"),
        ],
        "classifier",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, 24, 32])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()],
    )
    path = tmp_path / "classifier.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


@pytest.fixture(scope="session")
def keras_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small classifier, saved by a process of its own: Keras takes hundreds of megabytes and stays."""
    path = tmp_path_factory.mktemp("keras") / "net.keras"
    code = (
        "import keras, sys; keras.utils.set_random_seed(1); layers = keras.layers\n"
        "x = i = keras.Input((24, 32, 3), name='pixels')\n"
        "x = layers.Conv2D(8, 3, strides=2, padding='same', activation='relu')(x)\n"
        "x = layers.Dense(3)(layers.GlobalAveragePooling2D()(x))\n"
        "keras.Model(i, x).save(sys.argv[1])\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True)
    return path


def test_an_onnx_network_with_a_manifest_goes_to_int8_and_is_described(
    skerry: Skerry, classifier: Callable[..., list[object]], onnx_file: Path, pictures: Path, tmp_path: Path
) -> None:
    run = skerry(*classifier(onnx_file, "--to", "onnx-int8,openvino-int8", "--calibration", pictures, "--json"))
    assert run.code == 0, run.err
    assert all(row["sqnr_db"] > 20 for row in json.loads(run.out)["variants"])
    manifest = Bundle.open(tmp_path / "foreign.skerry").manifest
    assert manifest.task == "classification"
    assert manifest.input == ImageInput(width=32, height=24)
    assert isinstance(manifest.output, Classification)
    assert set(manifest.source.files) == {"classifier.onnx", "foreign.toml"}
    assert skerry("inspect", tmp_path / "foreign.skerry", "--verify").code == 0


def test_without_a_manifest_a_network_takes_and_gives_arrays(skerry: Skerry, onnx_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "raw.skerry"
    assert skerry("convert", onnx_file, "--to", "onnx-fp32,openvino-fp16", "--out", out).code == 0
    manifest = Bundle.open(out).manifest
    assert (manifest.task, manifest.input, manifest.output) == ("other", TensorInput(), Raw())
    run = skerry("inspect", out, "--verify", "--json")
    assert run.code == 0
    assert [one["passed"] for one in json.loads(run.out)["variants"]] == [True, True]


def test_a_keras_model_goes_to_onnx_and_tflite(skerry: Skerry, keras_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "net.skerry"
    run = skerry("convert", keras_file, "--to", "onnx-fp32,tflite-dynamic", "--out", out)
    assert run.code == 0, run.err
    variants = Bundle.open(out).manifest.variants
    assert {one.inputs[0].layout for one in variants.values()} == {"NHWC"}
    assert skerry("inspect", out, "--verify").code == 0


@pytest.mark.slow
def test_all_makes_of_a_keras_model_what_this_machine_can_and_says_what_it_left_out(
    skerry: Skerry, keras_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "net.skerry"
    run = skerry("convert", keras_file, "--to", "all", "--out", out)
    assert run.code == 0, run.err
    manifest = Bundle.open(out).manifest
    assert {"onnx-fp32", "onnx-fp16", "tflite-fp32", "tflite-dynamic", "openvino-fp16"} <= set(manifest.variants)
    told = next(line for line in run.out.splitlines() if line.startswith("left out: ") and "onnx-int8" in line)
    assert told.endswith("it needs calibration data: give it with --calibration")


def test_all_carries_an_int8_tflite_file_on_and_says_why_it_makes_nothing_else(
    skerry: Skerry, shared_data: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tflite_micro", reason="its wheels are for Linux on x86-64")
    source, out = shared_data / "tflite/mlperf_tiny_kws.tflite", tmp_path / "kws.skerry"
    run = skerry("convert", source, "--to", "all", "--out", out)
    assert run.code == 0, run.err
    told = next(line for line in run.out.splitlines() if line.startswith("left out: "))
    assert told.startswith("left out: onnx-fp32, onnx-fp16, onnx-int8, tflite-fp32")
    assert "quantized already" in told
    assert "too little to judge by" not in run.out
    bundle = Bundle.open(out)
    variants = bundle.manifest.variants
    assert bundle.read(variants["tflite-int8"]) == source.read_bytes()
    assert variants["tflite-int8"].calibration_sha256 is None
    assert variants["mcu-int8"].file.endswith(".cc")
    assert any(one.file.endswith(".h") for one in variants["mcu-int8"].extra_files)
    assert "arena of" in run.out


def test_a_float_target_of_an_int8_file_is_refused_with_the_reason(
    skerry: Skerry, shared_data: Path, tmp_path: Path
) -> None:
    source = shared_data / "tflite/mlperf_tiny_kws.tflite"
    run = skerry("convert", source, "--to", "onnx-fp32", "--out", tmp_path / "kws.skerry")
    assert run.code == 3
    assert "quantized already" in run.err

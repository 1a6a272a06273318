"""A frame in, boxes out, through real runtimes and every format, precision and placement."""

import hashlib
import zipfile
from contextlib import closing

import msgspec
import numpy as np
import pytest

from skerry_edge.backends import variants
from skerry_edge.backends.base import BackendError, ModelFileError
from skerry_edge.backends.registry import BACKENDS
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import AudioInput, MicroWakeWord, encode_manifest
from skerry_edge.foundation.errors import ConfigError, MissingError
from skerry_edge.vision.detector import Detector
from skerry_edge.vision.errors import ImageError

VARIANTS = ["onnx-fp32", "tflite-fp32", "tflite-int8"]
RED, BLUE = 0, 1


def found(path, frame, **options) -> list[tuple[int, list[float]]]:
    with closing(Detector.open(path, **options)) as detector:
        detections = detector.detect(frame).detections
    return sorted(zip(detections.class_ids.tolist(), detections.boxes_px.round().tolist(), strict=True))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("sampling", ["half-pixel", "corners"])
def test_objects_are_found_where_they_are_in_a_stretched_picture(squares, scene, variant, sampling):
    # The picture is 10 times as wide and 5 times as high as the network's input.
    frame = scene(320, 640, ("red", (160, 80, 320, 160)), ("blue", (480, 240, 640, 320)))
    path = squares.bundle(f"stretched-{sampling}", sampling=sampling)
    expected = [(RED, [160, 80, 320, 160]), (BLUE, [480, 240, 640, 320])]
    assert found(path, frame, variant=variant) == expected


@pytest.mark.parametrize("variant", VARIANTS)
def test_objects_are_found_where_they_are_in_a_letterboxed_picture(squares, scene, variant):
    # 128x64 becomes 64x32 in the middle of 64x64: the second and third row of cells.
    frame = scene(64, 128, ("red", (32, 0, 64, 32)), ("blue", (96, 32, 128, 64)))
    path = squares.bundle("letterboxed", resize="letterbox")
    assert found(path, frame, variant=variant) == [(RED, [32, 0, 64, 32]), (BLUE, [96, 32, 128, 64])]


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_empty_picture_has_no_objects(squares_bundle, scene, variant):
    assert found(squares_bundle, scene(100, 100), variant=variant) == []


def test_colours_are_what_the_manifest_says(squares, scene):
    frame = scene(64, 64, ("red", (0, 0, 16, 16)))
    assert found(squares.bundle("bgr", colour="bgr"), frame) == [(BLUE, [0, 0, 16, 16])]


def test_frames_of_different_sizes_follow_each_other(squares_bundle, scene):
    with closing(Detector.open(squares_bundle)) as detector:
        for side in (64, 640, 64):
            corner = side // 4
            result = detector.detect(scene(side, side, ("red", (0, 0, corner, corner))))
            assert result.detections.boxes_px.round().tolist() == [[0, 0, corner, corner]]


def test_each_stage_is_timed(squares_bundle, scene):
    with closing(Detector.open(squares_bundle)) as detector:
        timing_ms = detector.detect(scene(64, 64)).timing_ms
    assert set(timing_ms) == {"preprocess", "inference", "postprocess"}
    assert all(value > 0 for value in timing_ms.values())


def test_the_most_faithful_variant_runs_unless_another_is_named(squares_bundle):
    with closing(Detector.open(squares_bundle)) as detector:
        assert (detector.variant_name, detector.backend_name) == ("onnx-fp32", "onnx")
    with closing(Detector.open(squares_bundle, backend="litert")) as detector:
        assert (detector.variant_name, detector.backend_name) == ("tflite-fp32", "litert")
    with closing(Detector.open(squares_bundle, variant="tflite-int8")) as detector:
        assert (detector.variant_name, detector.backend_name) == ("tflite-int8", "litert")


def without(monkeypatch, *backends: str) -> None:
    for name in backends:
        entry = BACKENDS[name]
        gone = type(entry)(module=entry.module, runtimes=("no_such_package",), extra=entry.extra, formats=entry.formats)
        monkeypatch.setitem(BACKENDS, name, gone)


def test_a_variant_whose_runtime_is_missing_is_passed_over(squares_bundle, monkeypatch):
    without(monkeypatch, "onnx")
    with closing(Detector.open(squares_bundle)) as detector:
        assert detector.variant_name == "tflite-fp32"


def test_without_any_runtime_the_error_says_what_to_install_for_each_variant(squares_bundle, monkeypatch):
    without(monkeypatch, "onnx", "litert")
    with pytest.raises(MissingError) as caught:
        Detector.open(squares_bundle)
    for part in ("onnx-fp32: no_such_package", "skerry[onnx]", "tflite-int8: no_such_package", "skerry[litert]"):
        assert part in str(caught.value)


def test_a_named_variant_never_falls_back_to_another(squares_bundle, monkeypatch):
    without(monkeypatch, "onnx")
    with pytest.raises(MissingError, match="'onnx' cannot be used"):
        Detector.open(squares_bundle, variant="onnx-fp32")


@pytest.mark.parametrize(
    ("choice", "near"),
    [({"variant": "onnx-fp23"}, "onnx-fp32"), ({"backend": "litrt"}, "litert")],
)
def test_a_misspelt_name_is_answered_with_the_nearest(squares_bundle, choice, near):
    with pytest.raises(ConfigError, match="no such") as caught:
        Detector.open(squares_bundle, **choice)
    assert f"did you mean '{near}'?" in str(caught.value)


def test_a_variant_and_a_backend_that_do_not_fit_are_refused(squares_bundle):
    with pytest.raises(ConfigError, match="cannot be run"):
        Detector.open(squares_bundle, variant="onnx-fp32", backend="litert")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_output_that_is_no_number_is_a_failed_inference_and_never_an_empty_picture(bundle_with_output, scene, bad):
    raw = np.full((1, 7, 4, 4), -20.0)
    raw[0, 0, 1, 1] = bad
    with closing(Detector.open(bundle_with_output(raw))) as detector, pytest.raises(BackendError, match="no finite"):
        detector.detect(scene(64, 64))


def test_an_array_that_is_no_picture_is_refused(squares_bundle):
    with closing(Detector.open(squares_bundle)) as detector, pytest.raises(ImageError):
        detector.detect(np.zeros((64, 64), np.uint8))


def unpacked(path, folder, *, change=lambda manifest: manifest):
    """Unpack a bundle into ``folder`` with a manifest that was changed."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    manifest = change(Bundle.open(path).manifest)
    (folder / "manifest.json").write_bytes(encode_manifest(manifest))
    return folder


def changed_tensor(manifest, **changes):
    variant = manifest.variants["onnx-fp32"]
    tensor = msgspec.structs.replace(variant.inputs[0], **changes)
    return msgspec.structs.replace(manifest, variants={"onnx-fp32": msgspec.structs.replace(variant, inputs=(tensor,))})


def test_a_bundle_may_be_a_directory(squares_bundle, scene, tmp_path):
    frame = scene(64, 64, ("red", (0, 0, 16, 16)))
    assert found(unpacked(squares_bundle, tmp_path), frame) == [(RED, [0, 0, 16, 16])]


def test_a_model_file_that_was_swapped_is_refused(squares_bundle, tmp_path):
    folder = unpacked(squares_bundle, tmp_path)
    (folder / "onnx-fp32.onnx").write_bytes(b"another network")
    with pytest.raises(BundleError, match="not what its manifest says"):
        Detector.open(folder)


def test_the_runtime_is_given_the_bytes_that_were_checked_and_not_the_file_that_may_change(
    squares_bundle, tmp_path, monkeypatch
):
    folder = unpacked(squares_bundle, tmp_path)
    opened = []
    monkeypatch.setattr(variants, "open_backend", lambda name, path, options: opened.append(path) or _refuse())
    with pytest.raises(ModelFileError):
        Detector.open(folder, variant="onnx-fp32", backend="onnx")
    assert not opened[0].is_relative_to(folder)


def _refuse():
    raise ModelFileError("not now")


def test_tensors_that_differ_from_the_manifest_are_told_with_what_was_expected(squares_bundle, tmp_path):
    folder = unpacked(squares_bundle, tmp_path, change=lambda manifest: changed_tensor(manifest, name="image"))
    with pytest.raises(ModelFileError) as caught:
        Detector.open(folder)
    assert "'x' float32 (1, 3, 64, 64), expected 'image' float32 (1, 3, 64, 64)" in str(caught.value)


def test_a_quantization_that_differs_from_the_manifest_is_refused(squares_bundle, tmp_path):
    def change(manifest):
        variant = manifest.variants["tflite-int8"]
        quantization = msgspec.structs.replace(variant.outputs[0].quantization, zero_point=3)
        tensor = msgspec.structs.replace(variant.outputs[0], quantization=quantization)
        return msgspec.structs.replace(
            manifest, variants={"tflite-int8": msgspec.structs.replace(variant, outputs=(tensor,))}
        )

    with pytest.raises(ModelFileError, match="not what the manifest says"):
        Detector.open(unpacked(squares_bundle, tmp_path, change=change))


def test_a_file_of_the_bundle_that_is_no_model_is_refused(squares_bundle, tmp_path):
    junk = b"no model at all"

    def change(manifest):
        variant = msgspec.structs.replace(
            manifest.variants["onnx-fp32"], size=len(junk), sha256=hashlib.sha256(junk).hexdigest()
        )
        return msgspec.structs.replace(manifest, variants={"onnx-fp32": variant})

    folder = unpacked(squares_bundle, tmp_path, change=change)
    (folder / "onnx-fp32.onnx").write_bytes(junk)
    with pytest.raises(ModelFileError, match="cannot load"):
        Detector.open(folder)


def test_a_model_that_listens_is_no_detector(squares_bundle, tmp_path):
    def change(manifest):
        listens = MicroWakeWord(probability_cutoff=0.9, sliding_window_size=5)
        return msgspec.structs.replace(manifest, task="wakeword", input=AudioInput(), output=listens)

    with pytest.raises(BundleError, match="does not look at pictures"):
        Detector.open(unpacked(squares_bundle, tmp_path, change=change))

"""One network converted for every runtime: each variant is judged, described, and finds what the source finds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_converters.gates.boxes import pair
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.vision.detector import Detector

INTEGERS = ("onnx-int8", "tflite-int8", "openvino-int8")


def test_every_variant_is_made_and_passes_on_gate_data(fastest) -> None:
    assert fastest.done.returncode == 0, fastest.done.stderr
    told = json.loads(fastest.done.stdout)
    assert told["held_out"] | {"sha256": "", "cautions": []} == {
        "origin": "gate data", "kind": "pictures", "samples": 12, "items": 12, "labelled": True,
        "sha256": "", "cautions": [],
    }  # fmt: skip
    rows = {row["variant"]: row for row in told["variants"]}
    assert all(row["passed"] for row in rows.values())
    assert all(rows[name]["decided_by"] == "accuracy" for name in INTEGERS)
    assert all(rows[name]["integer_macs_share"] >= 0.95 for name in INTEGERS)
    assert all(rows[name]["size"] < 0.8 * rows["onnx-fp32"]["size"] for name in INTEGERS)
    assert rows["onnx-fp32"]["largest_error"] <= 1e-3


def test_every_layer_of_a_quantized_file_is_told_with_its_error(fastest) -> None:
    told = {row["variant"]: row["layers"] for row in json.loads(fastest.done.stdout)["variants"]}
    for name in INTEGERS:
        assert told[name]["multiplying"] == len(told[name]["layers"]) == 85
        assert all(layer["sqnr_db"] > 5 for layer in told[name]["layers"])
    assert told["onnx-fp32"]["reason"]
    page = fastest.page.read_text()
    assert "All 85 layers that multiply" in page


def test_few_calibration_samples_are_warned_of(fastest) -> None:
    assert "warning: only 12 pictures to calibrate with; 100 or more are advised" in fastest.done.stderr


def test_what_was_calibrated_names_the_calibration_manifest_in_the_bundle(fastest) -> None:
    bundle = Bundle.open(fastest.bundle)
    manifest = bundle.manifest
    content = json.loads(bundle.read(manifest.calibration))
    assert content["count"] == 12
    assert all(not item["name"].startswith("/") for item in content["items"])
    for name, variant in manifest.variants.items():
        expected = manifest.calibration.sha256 if name in INTEGERS else None
        assert variant.calibration_sha256 == expected


@pytest.mark.parametrize("variant", [*INTEGERS, "tflite-dynamic"])
def test_detect_finds_with_each_variant_what_it_finds_with_the_float_one(fastest, variant: str) -> None:
    exact, other = (Detector.open(fastest.bundle, variant=name) for name in ("onnx-fp32", variant))
    wanted = matched = 0
    for path in sorted(fastest.photographs.iterdir()):
        frame = cv2.imread(str(path))
        first, second = (one.detect(frame).detections for one in (exact, other))
        wanted += len(first)
        matched += len(pair(first, second).first)
    assert wanted >= 20
    assert matched >= 0.8 * wanted


def test_the_page_shows_every_variant_and_pictures_and_names_no_other_address(fastest) -> None:
    page = fastest.page.read_text()
    assert all(name in page for name in ("onnx-fp32", *INTEGERS, "tflite-dynamic"))
    assert "data:image/jpeg;base64," in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page


def test_inspect_checks_every_file_and_runs_every_variant(skerry: Callable[..., object], fastest) -> None:
    run = skerry("inspect", fastest.bundle, "--verify", "--json")
    assert run.code == 0, run.err
    told = json.loads(run.out)
    assert all(one["problem"] is None for one in told["files"])
    assert {one["variant"] for one in told["variants"] if one["passed"] and one["backend"]} == set(
        told["manifest"]["variants"]
    )


def test_inspect_names_a_damaged_file(skerry: Callable[..., object], fastest, tmp_path: Path) -> None:
    data = bytearray(fastest.bundle.read_bytes())
    bundle = Bundle.open(fastest.bundle)
    weights = bundle.read(bundle.manifest.variants["onnx-int8"])
    place = bytes(data).index(weights) + len(weights) // 2
    data[place] ^= 1
    damaged = tmp_path / "damaged.skerry"
    damaged.write_bytes(data)
    run = skerry("inspect", damaged, "--verify")
    assert run.code == 4
    assert "model-int8.onnx" in run.err
    assert "Golden input" not in run.out


def test_gates_json_holds_one_report_a_variant(fastest) -> None:
    import zipfile

    from skerry_converters.gates.report import decode_reports

    with zipfile.ZipFile(fastest.bundle) as archive:
        reports = decode_reports(archive.read("gates.json"))
    assert {one.variant for one in reports} == set(Bundle.open(fastest.bundle).manifest.variants)
    assert all(one.held_out.origin == "gate data" and one.processor for one in reports)
    assert np.isfinite([one.accuracy.drop for one in reports]).all()

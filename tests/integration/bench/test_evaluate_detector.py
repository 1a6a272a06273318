"""`skerry evaluate` for a detector, as its users run it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LEFT, RIGHT = (0.0, 0.0, 0.4, 0.4), (0.5, 0.5, 0.9, 0.9)
LEFT_PX, RIGHT_PX = (1, 1, 40, 40), (51, 51, 90, 90)
LABELS = ("cat", "dog")
CAT, DOG = 0, 1
Make = Callable[..., Path]
Run = Callable[..., Any]


@pytest.fixture
def pets(voc_folder: Make) -> Path:
    """A cat and a dog; a cat; nothing."""
    return voc_folder([("cat", *LEFT_PX), ("dog", *RIGHT_PX)], [("cat", *LEFT_PX)], [])


SHARP = [[(CAT, 0.9, *LEFT), (DOG, 0.8, *RIGHT)], [(CAT, 0.7, *LEFT)], []]
DULL = [[(CAT, 0.9, *LEFT), (CAT, 0.85, *RIGHT)], [(DOG, 0.6, *LEFT)], [(CAT, 0.55, *LEFT), (CAT, 0.3, *RIGHT)]]


@pytest.fixture
def model(telling_bundle: Make) -> Path:
    """A model that is always right as fp32 and often wrong as int8, and that has a variant for microcontrollers."""
    return telling_bundle(LABELS, {"onnx-int8": DULL, "onnx-fp32": SHARP}, raw={"mcu-int8": b"no computer runs this"})


def test_every_variant_has_its_figures_and_the_one_that_cannot_be_run_its_reason(
    skerry: Run, model: Path, pets: Path
) -> None:
    outcome = skerry("evaluate", model, "--data", pets, "--json", "-")
    assert (outcome.code, outcome.err) == (0, "")
    report = outcome.json
    assert (report["images"], report["baseline"]) == (3, "onnx-fp32")
    assert list(report["variants"]) == ["onnx-fp32", "mcu-int8", "onnx-int8"]
    sharp, dull = report["variants"]["onnx-fp32"], report["variants"]["onnx-int8"]
    for key in ("ap50", "ap50_11point", "coco_ap", "coco_ap75"):
        assert sharp[key] == pytest.approx(1.0)
    assert {name: one["ap50"] for name, one in sharp["per_class"].items()} == {"cat": 1.0, "dog": 1.0}
    # Cats: found, false, missed, false: one of two at precision 1. The only dog is missed.
    assert dull["per_class"]["cat"] | {"coco_ap": 0} == {
        "objects": 2,
        "ap50": 0.5,
        "ap50_11point": 6 / 11,
        "coco_ap": 0,
    }
    assert dull["ap50"] == 0.25
    apart = report["variants"]["mcu-int8"]
    assert (apart["outcome"], apart["ap50"], apart["per_class"]) == ("not run", None, {})
    assert "no backend loads mcu files" in apart["reason"]


def test_above_the_threshold_everything_is_found_missed_or_false(skerry: Run, model: Path, pets: Path) -> None:
    variants = skerry("evaluate", model, "--data", pets, "--json", "-").json["variants"]
    assert variants["onnx-fp32"]["at_threshold"] == {
        "found": 3,
        "missed": 0,
        "false": 0,
        "recall": 1.0,
        "precision": 1.0,
    }
    dull = variants["onnx-int8"]
    assert [dull["at_threshold"][key] for key in ("found", "missed", "false")] == [1, 2, 3]
    assert dull["confusions"] == [
        {"object": "dog", "taken_for": "cat", "count": 1},
        {"object": "cat", "taken_for": "dog", "count": 1},
    ]
    # One picture without objects, in which one detection is above 0.5.
    alarms = dull["false_alarms"]
    assert (alarms["images"], alarms["detections"], alarms["per_image"]) == (1, 1, 1.0)
    assert (alarms["low"], alarms["high"]) == pytest.approx((0.0253, 5.572), abs=1e-3)
    assert variants["onnx-fp32"]["false_alarms"]["high"] == pytest.approx(3.689, abs=1e-3)


def test_a_threshold_of_one_s_own_changes_what_is_reported_and_no_ap(skerry: Run, model: Path, pets: Path) -> None:
    low = skerry("evaluate", model, "--data", pets, "--threshold", "0.2", "--json", "-").json
    assert low["threshold"] == 0.2
    assert low["variants"]["onnx-int8"]["false_alarms"]["detections"] == 2
    assert low["variants"]["onnx-int8"]["ap50"] == 0.25


def test_variants_are_held_against_the_fp32_one_or_else_the_first_that_is_named(
    skerry: Run, model: Path, pets: Path
) -> None:
    both = skerry("evaluate", model, "--data", pets, "--variant", "onnx-int8,onnx-fp32", "--json", "-").json
    assert list(both["variants"]) == ["onnx-int8", "onnx-fp32"]
    assert both["baseline"] == "onnx-fp32"
    alone = skerry("evaluate", model, "--data", pets, "--variant", "onnx-int8", "--json", "-").json
    assert (alone["baseline"], alone["variants"]["onnx-int8"]["against_baseline"]) == ("onnx-int8", None)


def test_a_difference_has_an_interval_over_pictures_where_there_are_enough(
    skerry: Run, telling_bundle: Make, voc_folder: Make
) -> None:
    cat = [("cat", *LEFT_PX)]
    data = voc_folder(*[cat] * 30)
    right, wrong = [(CAT, 0.9, *LEFT)], [(CAT, 0.9, *RIGHT)]
    said = {"onnx-fp32": [right] * 30, "onnx-int8": [*[right] * 15, *[wrong] * 15]}
    report = skerry("evaluate", telling_bundle(("cat",), said), "--data", data, "--json", "-").json
    one = report["variants"]["onnx-int8"]
    lost = one["against_baseline"]
    assert lost["difference"] == pytest.approx(one["ap50"] - 1)
    assert -1 <= lost["low"] < lost["difference"] < lost["high"] < 0
    assert one["ap50_interval"]["low"] < one["ap50"] < one["ap50_interval"]["high"]
    assert report["variants"]["onnx-fp32"]["ap50_interval"] == {"low": 1.0, "high": 1.0}


def test_few_pictures_give_a_difference_without_an_interval(skerry: Run, model: Path, pets: Path) -> None:
    one = skerry("evaluate", model, "--data", pets, "--json", "-").json["variants"]["onnx-int8"]
    assert one["against_baseline"] == {"difference": -0.75, "low": None, "high": None}
    assert one["ap50_interval"] is None


def test_figures_by_size_are_of_the_ranges_that_were_asked_for(
    skerry: Run, telling_bundle: Make, voc_folder: Make
) -> None:
    # Objects of 20, 40 and 80 pixels; the middle one is missed, and there is a false one of 40.
    objects = [("cat", 1, 1, 20, 20), ("cat", 61, 1, 100, 40), ("cat", 101, 101, 180, 180)]
    said = [[(CAT, 0.9, 0, 0, 0.1, 0.1), (CAT, 0.8, 0.5, 0.5, 0.9, 0.9), (CAT, 0.95, 0, 0.5, 0.2, 0.7)]]
    data = voc_folder(objects, width=200, height=200)
    model = telling_bundle(("cat",), {"onnx-fp32": said})
    report = skerry("evaluate", model, "--data", data, "--sizes", "28,48,28-", "--json", "-").json
    ranges = [
        (one["low_px"], one["high_px"], one["objects"], one["ap50"])
        for one in report["variants"]["onnx-fp32"]["by_size"]
    ]
    assert ranges == [(0, 28, 1, 1.0), (28, 48, 1, 0.0), (48, None, 1, 1.0), (28, None, 2, 0.25)]


def test_a_folder_without_any_object_still_tells_false_alarms(
    skerry: Run, telling_bundle: Make, voc_folder: Make, tmp_path: Path
) -> None:
    model = telling_bundle(("cat",), {"onnx-fp32": [[(CAT, 0.9, *LEFT)], []], "onnx-int8": [[], []]})
    page = tmp_path / "page.html"
    outcome = skerry("evaluate", model, "--data", voc_folder([], []), "--json", "-", "--html", page)
    assert outcome.code == 0
    one = outcome.json["variants"]["onnx-fp32"]
    assert (one["ap50"], one["coco_ap"], one["at_threshold"]["recall"]) == (None, None, None)
    assert one["false_alarms"]["per_image"] == 0.5
    assert page.read_text().startswith("<!doctype html>")


def test_without_pycocotools_the_figures_of_voc_still_come_and_coco_s_say_why_not(
    skerry: Run, model: Path, pets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pycocotools.cocoeval", None)
    outcome = skerry("evaluate", model, "--data", pets, "--json", "-")
    assert outcome.code == 0
    assert "skerry[evaluate]" in outcome.json["coco_not_measured"]
    one = outcome.json["variants"]["onnx-fp32"]
    assert (one["ap50"], one["coco_ap"], one["per_class"]["cat"]["coco_ap"]) == (1.0, None, None)
    assert "COCO's figures were not measured" in skerry("evaluate", model, "--data", pets).out


def test_a_person_gets_tables_and_the_files_that_were_asked_for(
    skerry: Run, model: Path, pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    figures, page = tmp_path / "figures.json", tmp_path / "page.html"
    outcome = skerry("evaluate", model, "--data", pets, "--json", figures, "--html", page)
    assert outcome.code == 0
    for part in ("onnx-fp32", "1.000", "0.250", "not run: no backend loads mcu files", "false per empty picture"):
        assert part in outcome.out
    assert "3 pictures with 3 objects" in outcome.out
    assert json.loads(figures.read_text())["images"] == 3
    html = page.read_text()
    assert "no backend loads mcu files" in html
    assert html.count("data:image/jpeg;base64,") == 3  # what int8 gets wrong; fp32 makes no mistake
    assert "http" not in html.replace("http-equiv", "")


def test_the_model_that_is_shipped_can_be_evaluated_by_its_name(skerry: Run, tmp_path: Path) -> None:
    scenes = tmp_path / "scenes"
    assert skerry("render", "--count", 8, "--seed", 2, "--split", "test", "--out", scenes).code == 0
    report = skerry("evaluate", "skerry-signs", "--data", scenes, "--variant", "tflite-int8", "--json", "-").json
    assert (report["images"], report["data"]["layout"]) == (8, "voc")
    assert report["variants"]["tflite-int8"]["ap50"] > 0.5


def test_on_a_terminal_a_bar_shows_how_far_it_is(model: Path, pets: Path) -> None:
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "skerry_edge", "evaluate", str(model), "--data", str(pets)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=slave, text=True) as process:
        os.close(slave)
        shown = whatever_comes(master)
        tables, _ = process.communicate(timeout=120)
    assert "checking the pictures" in shown
    assert "3/3" in shown
    assert "onnx-int8" in tables


def whatever_comes(master: int) -> str:
    """Read a terminal until the program at its other end is gone."""
    pieces = []
    with os.fdopen(master, "rb", buffering=0) as terminal, contextlib.suppress(OSError):  # Linux ends it with EIO
        while piece := terminal.read(65536):
            pieces.append(piece)
    return b"".join(pieces).decode()

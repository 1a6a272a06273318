"""`skerry evaluate` with trained weights on real photographs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_a_real_network_has_its_known_accuracy_and_a_page_with_its_mistakes(
    skerry: Callable[..., Any], shared_data: Path, tmp_path: Path
) -> None:
    folder, model, page = shared_data / "darknet", tmp_path / "fastest.skerry", tmp_path / "page.html"
    files = ["--weights", folder / "yolo-fastest-voc.weights", "--labels", folder / "voc.names", "--out", model]
    assert skerry("convert", folder / "yolo-fastest-voc.cfg", *files, "--to", "onnx-fp32").code == 0
    outcome = skerry("evaluate", model, "--data", shared_data / "voc", "--json", "-", "--html", page)
    assert outcome.code == 0
    report = outcome.json
    assert report["data"] | {"folder": ""} == {
        "folder": "",
        "layout": "voc",
        "objects": 110,
        "left_out": 25,
        "images_without_objects": 0,
    }
    one = report["variants"]["onnx-fp32"]
    # 0.8079 by the rule of the VOC development kit, by which a box's last pixel adds to its size.
    assert one["ap50_11point"] == pytest.approx(0.806, abs=0.005)
    assert one["ap50_interval"]["low"] < one["ap50"] < one["ap50_interval"]["high"]
    assert one["per_class"]["bird"] == {"objects": 0, "ap50": None, "ap50_11point": None, "coco_ap": None}
    assert one["at_threshold"]["found"] + one["at_threshold"]["missed"] == 110
    html = page.read_text()
    assert html.count("data:image/jpeg;base64,") == 9
    assert html.count('class="line s1"') == 1 + 19

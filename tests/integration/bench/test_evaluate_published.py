"""`skerry evaluate` against figures that others published: detections go in as a model's, labels as a folder's."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Make = Callable[..., Path]
Run = Callable[..., Any]
CANVAS = 400


def test_voc_figures_come_out_to_five_digits(
    skerry: Run, telling_bundle: Make, voc_folder: Make, shared_data: Path
) -> None:
    case = shared_data / "oracle" / "tests" / "test_case_1"
    pictures, said = [], []
    for path in sorted((case / "gts").glob("*.txt")):
        # Left, top, width, height; both corners are pixels of the object, as in VOC, which counts them from 1.
        objects = np.loadtxt(path, usecols=(1, 2, 3, 4), ndmin=2)
        pictures.append([("object", x + 1, y + 1, x + w + 1, y + h + 1) for x, y, w, h in objects.tolist()])
        found = np.loadtxt(case / "dets" / path.name, usecols=(1, 2, 3, 4, 5), ndmin=2)
        corners = [[x, y, x + w + 1, y + h + 1] for _, x, y, w, h in found.tolist()]
        said.append([(0, score, *(np.array(box) / CANVAS)) for score, box in zip(found[:, 0], corners, strict=True)])
    data = voc_folder(*pictures, width=CANVAS, height=CANVAS)
    model = telling_bundle(("object",), {"onnx-fp32": said})
    figures = skerry("evaluate", model, "--data", data, "--json", "-").json["variants"]["onnx-fp32"]
    assert figures["ap50_11point"] == pytest.approx(0.03030, abs=1e-5)
    assert figures["ap50"] == pytest.approx(0.02222, abs=1e-5)


def test_coco_figures_come_out_to_three_digits(
    skerry: Run, telling_bundle: Make, numbered_picture: Make, shared_data: Path, tmp_path: Path
) -> None:
    case = shared_data / "oracle" / "tests" / "test_coco_eval"
    listed = json.loads((case / "gts" / "sampled_gts_bbox_area.json").read_text())
    class_of = {category["id"]: place for place, category in enumerate(listed["categories"])}
    rows: dict[int, list[list[float]]] = defaultdict(list)
    sizes = {image["id"]: (image["width"], image["height"]) for image in listed["images"]}
    for one in json.loads((case / "dets" / "sampled_bbox_results.json").read_text())["annotations"]:
        left, top, width, height = one["bbox"]
        box = np.array([left, top, left + width, top + height]) / np.tile(sizes[one["image_id"]], 2)
        rows[one["image_id"]].append([class_of[one["category_id"]], one["score"], *box])
    for number, image in enumerate(listed["images"]):
        image["file_name"] = f"{image['id']:06}.png"
        width, height = sizes[image["id"]]
        numbered_picture(tmp_path / "coco" / "images" / image["file_name"], number, width=width, height=height)
    (tmp_path / "coco" / "labels.json").write_text(json.dumps(listed))
    names = [category["name"] for category in listed["categories"]]
    model = telling_bundle(names, {"onnx-fp32": [rows[image["id"]] for image in listed["images"]]})
    outcome = skerry("evaluate", model, "--data", tmp_path / "coco", "--json", "-")
    figures = outcome.json["variants"]["onnx-fp32"]
    found = [figures[key] for key in ("coco_ap", "coco_ap50", "coco_ap75")]
    assert found == pytest.approx([0.503647, 0.696973, 0.571667], abs=1e-3)
    # Of the same file, published as well: small, medium and large objects.
    by_size = [figures[key] for key in ("coco_ap_small", "coco_ap_medium", "coco_ap_large")]
    assert by_size == pytest.approx([0.593252, 0.557991, 0.489363], abs=1e-3)

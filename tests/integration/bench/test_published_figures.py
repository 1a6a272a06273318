"""The evaluators against figures that others published for real annotations and detections."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skerry_edge.bench.annotations.coco import read_coco
from skerry_edge.bench.annotations.dataset import read_dataset
from skerry_edge.bench.average_precision import mean_average_precision
from skerry_edge.bench.coco import CocoEvaluator
from skerry_edge.bench.ground_truth import GroundTruth
from skerry_edge.bench.matching import Matcher
from skerry_edge.vision.detections import Detections
from skerry_edge.vision.geometry import Size
from skerry_edge.vision.images import read_image

PUBLISHED = {0.1: (0.33333, 0.33720), 0.3: (0.26840, 0.24569), 0.5: (0.03030, 0.02222), 0.75: (0.0, 0.0)}


def corners(rows: np.ndarray) -> np.ndarray:
    """Turn left, top, width, height, of which both corners are pixels of the object, into a box."""
    return np.concatenate((rows[:, :2], rows[:, :2] + rows[:, 2:] + 1), axis=1)


@pytest.mark.parametrize("iou", PUBLISHED)
def test_voc_figures_come_out_to_five_digits(shared_data: Path, iou: float) -> None:
    case = shared_data / "oracle" / "tests" / "test_case_1"
    matcher = Matcher(1, iou=iou)
    for path in sorted((case / "gts").glob("*.txt")):
        objects = np.loadtxt(path, usecols=(1, 2, 3, 4), ndmin=2)
        found = np.loadtxt(case / "dets" / path.name, usecols=(1, 2, 3, 4, 5), ndmin=2)
        nothing = np.zeros(len(objects), np.bool_)
        matcher.add(
            Detections(
                boxes_px=corners(found[:, 1:]).astype(np.float32),
                scores=found[:, 0].astype(np.float32),
                class_ids=np.zeros(len(found), np.int64),
            ),
            GroundTruth(
                boxes_px=corners(objects),
                class_ids=np.zeros(len(objects), np.int64),
                difficult=nothing,
                crowd=nothing,
            ),
        )
    matches = matcher.matches()
    eleven_point, every_point = PUBLISHED[iou]
    assert mean_average_precision(matches, "11-point") == pytest.approx(eleven_point, abs=1e-5)
    assert mean_average_precision(matches, "every-point") == pytest.approx(every_point, abs=1e-5)


def test_coco_figures_come_out_to_three_digits(shared_data: Path) -> None:
    import json

    case = shared_data / "oracle" / "tests" / "test_coco_eval"
    listed = json.loads((case / "gts" / "sampled_gts_bbox_area.json").read_text())
    classes = tuple(category["name"] for category in listed["categories"])
    place = {category["id"]: number for number, category in enumerate(listed["categories"])}
    names = {image["id"]: image["file_name"] for image in listed["images"]}
    rows: dict[str, list[list[float]]] = {name: [] for name in names.values()}
    for one in json.loads((case / "dets" / "sampled_bbox_results.json").read_text())["annotations"]:
        left, top, width, height = one["bbox"]
        box = [left, top, left + width, top + height]
        rows[names[one["image_id"]]].append([place[one["category_id"]], one["score"], *box])
    evaluator = CocoEvaluator(classes)
    for name, annotation in read_coco(case / "gts" / "sampled_gts_bbox_area.json", classes).items():
        table = np.array(rows[name]).reshape(-1, 6)
        found = Detections(
            boxes_px=table[:, 2:].astype(np.float32),
            scores=table[:, 1].astype(np.float32),
            class_ids=table[:, 0].astype(np.int64),
        )
        assert annotation.declared is not None
        evaluator.add(found, annotation.truth(annotation.declared))
    summary = evaluator.summary()
    assert (summary.ap, summary.ap50, summary.ap75) == pytest.approx((0.503647, 0.696973, 0.571667), abs=1e-3)


def test_every_annotation_of_the_voc_photographs_fits_its_picture(shared_data: Path) -> None:
    classes = (shared_data / "darknet" / "voc.names").read_text().split()
    dataset = read_dataset(shared_data / "voc", classes)
    truths = [one.annotation.truth(Size(*read_image(one.path).shape[1::-1])) for one in dataset.pictures]
    assert len(truths) == 50
    assert sum(len(truth) for truth in truths) == 135
    assert sum(int(truth.difficult.sum()) for truth in truths) == 25

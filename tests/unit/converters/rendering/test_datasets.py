"""Each layout that is written is read again as the same truth."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_converters.rendering.classes import SIGN_LABELS
from skerry_converters.rendering.datasets import LABELS_FILE, open_writer
from skerry_converters.rendering.scene import Scene, SceneObject, render_scene
from skerry_edge.bench.annotations.dataset import Layout, read_dataset
from skerry_edge.vision.geometry import Size

LAYOUTS: tuple[Layout, ...] = ("voc", "yolo", "coco")
SIZE = (200, 120)
HIDDEN = SceneObject(class_id=19, box_px=(0.0, 60.25, 31.5, 120.0), visible=0.3, difficult=True)
PLAIN = SceneObject(class_id=0, box_px=(10.125, 20.5, 60.75, 70.0))
CUT_OFF = SceneObject(class_id=7, box_px=(150.0, 0.0, 200.0, 48.875), visible=0.8)


def scene(*objects: SceneObject) -> Scene:
    return Scene(pixels=np.full((SIZE[1], SIZE[0], 3), 77, np.uint8), objects=objects)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_boxes_and_classes_come_back(tmp_path: Path, layout: Layout) -> None:
    writer = open_writer(tmp_path, layout, SIGN_LABELS)
    writer.add("a", scene(PLAIN, CUT_OFF, HIDDEN))
    writer.add("b", scene())
    writer.close()
    data = read_dataset(tmp_path, SIGN_LABELS)
    first, second = (one.annotation.truth(Size(*SIZE)) for one in data.pictures)
    kept = [PLAIN, CUT_OFF] if layout == "yolo" else [PLAIN, CUT_OFF, HIDDEN]
    assert data.layout == layout
    assert first.class_ids.tolist() == [one.class_id for one in kept]
    assert first.boxes_px == pytest.approx(np.array([one.box_px for one in kept]), abs=0.006)
    assert first.counted.tolist() == [not one.difficult for one in kept]
    assert len(second) == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_rendered_scenes_can_be_read_and_their_pictures_opened(tmp_path: Path, layout: Layout) -> None:
    writer = open_writer(tmp_path, layout, SIGN_LABELS)
    scenes = [render_scene(1, index, size=(160, 128)) for index in range(5)]
    for number, one in enumerate(scenes):
        writer.add(f"{number:06d}", one)
    writer.close()
    for picture, one in zip(read_dataset(tmp_path, SIGN_LABELS).pictures, scenes, strict=True):
        pixels = cv2.imread(str(picture.path))
        assert np.abs(pixels.astype(int) - one.pixels).mean() < 4
        picture.annotation.truth(Size(160, 128))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_class_names_are_beside_them(tmp_path: Path, layout: Layout) -> None:
    open_writer(tmp_path, layout, SIGN_LABELS).close()
    assert tuple((tmp_path / LABELS_FILE).read_text().splitlines()) == SIGN_LABELS

"""A person's own pictures as training data: what is read, how it is divided, and what is refused before training."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_converters.training.config import FolderData, RenderedData, Stage, TrainingConfig
from skerry_converters.training.data import TrainingData, open_data
from skerry_edge.foundation.errors import ConfigError, DataError, ReachError, SkerryError

VOC = """<annotation><size><width>80</width><height>60</height><depth>3</depth></size>
<object><name>{name}</name><bndbox><xmin>11</xmin><ymin>21</ymin><xmax>{right}</xmax><ymax>50</ymax></bndbox></object>
</annotation>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twenty pictures of 80x60, each with one `cat` from (10, 20) to (40, 50), labelled in YOLO's way."""
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    (tmp_path / "classes.txt").write_text("dog\ncat\n")
    for number in range(20):
        cv2.imwrite(str(tmp_path / f"images/{number:02}.png"), np.full((60, 80, 3), number, np.uint8))
        (tmp_path / f"labels/{number:02}.txt").write_text(f"1 {25 / 80} {35 / 60} {30 / 80} {30 / 60}\n")
    return tmp_path


@pytest.fixture
def opened(folder: Path) -> Callable[..., TrainingData]:
    def opened_as(**changes: object) -> TrainingData:
        data = FolderData(**{"path": ".", "labels": "classes.txt", **changes})  # type: ignore[arg-type]  # by the struct
        config = TrainingConfig(name="mine", data=data, stages=(Stage(side_px=64, steps=1),), seed=3)
        return open_data(config, folder)

    return opened_as


def greys(data: TrainingData) -> tuple[list[int], list[int]]:
    """Return which pictures are trained on and which validated on, told by their grey."""
    assert data.train.length is not None
    train = [int(data.train.sample(number).pixels[0, 0, 0]) for number in range(data.train.length)]
    return train, [int(data.validation.sample(number).pixels[0, 0, 0]) for number in range(data.validations)]


def test_pictures_come_with_their_objects(opened: Callable[..., TrainingData]) -> None:
    data = opened()
    sample = data.train.sample(0)
    assert data.labels == ("dog", "cat")
    assert sample.pixels.shape == (60, 80, 3)
    assert np.allclose(sample.boxes_px, [[10, 20, 40, 50]], atol=1e-3)
    assert sample.class_ids.tolist() == [1]


def test_no_picture_is_both_trained_and_validated_on(opened: Callable[..., TrainingData]) -> None:
    train, validation = greys(opened(validation=0.25))
    assert len(validation) == 5
    assert sorted(train + validation) == list(range(20))


def test_the_division_is_the_same_each_time_and_the_order_differs_from_round_to_round(
    opened: Callable[..., TrainingData],
) -> None:
    assert greys(opened()) == greys(opened())
    source = opened().train
    rounds = [[int(source.sample(start + number).pixels[0, 0, 0]) for number in range(18)] for start in (0, 18)]
    assert rounds[0] != rounds[1]
    assert sorted(rounds[0]) == sorted(rounds[1])


def test_a_folder_of_its_own_can_be_validated_on(opened: Callable[..., TrainingData], folder: Path) -> None:
    for name in ("images", "labels"):
        (folder / "val" / name).mkdir(parents=True)
    cv2.imwrite(str(folder / "val/images/a.png"), np.full((60, 80, 3), 200, np.uint8))
    (folder / "val/labels/a.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (folder / "own").mkdir()
    for name in ("images", "labels"):
        (folder / name).rename(folder / "own" / name)
    train, validation = greys(opened(path="own", validation="val"))
    assert (len(train), validation) == (20, [200])


def test_voc_and_coco_are_read_too(opened: Callable[..., TrainingData], folder: Path) -> None:
    (folder / "labels").rename(folder / "Annotations")
    for number in range(20):
        (folder / f"Annotations/{number:02}.txt").unlink()
        (folder / f"Annotations/{number:02}.xml").write_text(VOC.format(name="cat", right=40))
    expected = opened().train.sample(0).boxes_px.tolist()
    assert expected == [[10, 20, 40, 50]]
    for number in range(20):
        (folder / f"Annotations/{number:02}.xml").unlink()
    listed = [{"id": n, "file_name": f"{n:02}.png", "width": 80, "height": 60} for n in range(20)]
    labels = [{"id": n, "image_id": n, "category_id": 7, "bbox": [10, 20, 30, 30]} for n in range(20)]
    coco = {"images": listed, "annotations": labels, "categories": [{"id": 7, "name": "cat"}]}
    (folder / "coco.json").write_text(json.dumps(coco))
    assert opened().train.sample(0).boxes_px.tolist() == expected


def break_label(folder: Path) -> None:
    (folder / "labels/07.txt").write_text("1 0.9 0.5 0.4 0.2\n")


def break_class(folder: Path) -> None:
    (folder / "labels/07.txt").write_text("2 0.5 0.5 0.2 0.2\n")


def break_line(folder: Path) -> None:
    (folder / "labels/07.txt").write_text("cat here\n")


def remove_label(folder: Path) -> None:
    (folder / "labels/07.txt").unlink()


def mix_kinds(folder: Path) -> None:
    (folder / "Annotations").mkdir()
    (folder / "Annotations/07.xml").write_text(VOC.format(name="cat", right=40))


def remove_pictures(folder: Path) -> None:
    for path in (folder / "images").iterdir():
        path.unlink()


def empty_labels(folder: Path) -> None:
    for path in (folder / "labels").iterdir():
        path.write_text("")


def repeat_class(folder: Path) -> None:
    (folder / "classes.txt").write_text("cat\ncat\n")


def name_no_class(folder: Path) -> None:
    (folder / "classes.txt").write_text("")


def remove_classes(folder: Path) -> None:
    (folder / "classes.txt").unlink()


@pytest.mark.parametrize(
    ("spoil", "kind", "words"),
    [
        (break_label, DataError, ["07.txt, line 1", "outside"]),
        (break_class, DataError, ["07.txt, line 1", "class 2"]),
        (break_line, DataError, ["07.txt, line 1", "cat here"]),
        (remove_label, DataError, ["07.png", "no annotation"]),
        (mix_kinds, ConfigError, ["several kinds", "Annotations", "labels"]),
        (remove_pictures, DataError, ["images", "no pictures"]),
        (empty_labels, DataError, ["none of the pictures"]),
        (repeat_class, ConfigError, ["classes.txt", "twice", "cat"]),
        (name_no_class, ConfigError, ["classes.txt", "no class"]),
        (remove_classes, ReachError, ["classes.txt"]),
    ],
)
def test_what_is_wrong_with_the_data_is_said_before_training(
    opened: Callable[..., TrainingData],
    folder: Path,
    spoil: Callable[[Path], None],
    kind: type[SkerryError],
    words: list[str],
) -> None:
    spoil(folder)
    with pytest.raises(kind) as raised:
        opened()
    for word in words:
        assert word in str(raised.value)


def test_a_single_picture_is_not_enough(opened: Callable[..., TrainingData], folder: Path) -> None:
    for path in [*(folder / "images").iterdir(), *(folder / "labels").iterdir()]:
        if path.stem != "00":
            path.unlink()
    with pytest.raises(DataError, match="both trained and validated"):
        opened()


def test_a_picture_that_does_not_decode_is_named_when_it_is_read(
    opened: Callable[..., TrainingData], folder: Path
) -> None:
    for path in (folder / "images").iterdir():
        path.write_bytes(path.read_bytes()[:40])
    data = opened()
    with pytest.raises(DataError, match=r"\d\d\.png"):
        data.train.sample(0)


def test_rendered_scenes_to_validate_on_are_other_ones_than_those_trained_on() -> None:
    config = TrainingConfig(name="signs", data=RenderedData(), stages=(Stage(side_px=64, steps=1),))
    data = open_data(config, Path())
    assert len(data.labels) == 20
    assert data.train.length is None
    one, other = data.train.sample(5), data.validation.sample(5)
    assert one.pixels.shape == (416, 416, 3)
    assert not np.array_equal(one.pixels, other.pixels)
    assert np.array_equal(one.pixels, data.train.sample(5).pixels)


def test_rendered_scenes_are_those_that_the_configuration_asks_for() -> None:
    def objects(**asked: object) -> list[float]:
        data = RenderedData(signless_share=0.0, most_lookalikes=0, **asked)  # type: ignore[arg-type]  # by the struct
        config = TrainingConfig(name="mine", data=data, stages=(Stage(side_px=64, steps=1),), seed=3)
        opened = open_data(config, Path())
        boxes = np.concatenate([opened.train.sample(number).boxes_px for number in range(12)])
        return (boxes[:, 2:] - boxes[:, :2]).max(axis=1).tolist()

    few, many = objects(), objects(most_signs=20, sign_px=(20.0, 40.0))
    assert len(many) > 2 * len(few)
    assert max(many) < 60 < max(few)

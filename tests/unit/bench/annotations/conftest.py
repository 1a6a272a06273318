"""Labelled pictures written to disk, small enough to read at a glance."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

OBJECT = (
    "<object><name>{name}</name><difficult>{difficult}</difficult><bndbox><xmin>{x_min}</xmin><ymin>{y_min}</ymin>"
    "<xmax>{x_max}</xmax><ymax>{y_max}</ymax></bndbox></object>"
)


@pytest.fixture
def picture() -> Callable[..., Path]:
    """Return a function that writes a PNG of 80x60 pixels."""

    def write(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.zeros((60, 80, 3), np.uint8))
        return path

    return write


@pytest.fixture
def voc_file() -> Callable[..., Path]:
    """Return a function that writes a VOC annotation of objects (name, x_min, y_min, x_max, y_max)."""

    def write(path: Path, *objects: Sequence[object], width: int = 80, height: int = 60, difficult: int = 0) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        listed = "".join(
            OBJECT.format(name=name, x_min=x_min, y_min=y_min, x_max=x_max, y_max=y_max, difficult=difficult)
            for name, x_min, y_min, x_max, y_max in objects
        )
        size = f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
        path.write_text(f"<annotation>{size}{listed}</annotation>")
        return path

    return write


@pytest.fixture
def text_file() -> Callable[[Path, str], Path]:
    """Return a function that writes a text file, its folder included."""

    def write(path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def coco_file() -> Callable[..., Path]:
    """Return a function that writes a COCO file of pictures by name and labels (image id, category, bbox)."""

    def write(path: Path, names: Sequence[str], *labels: tuple[int, str, Sequence[float]], **extra: object) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        categories = sorted({category for _, category, _ in labels})
        content: Mapping[str, object] = {
            "images": [
                {"id": number, "file_name": name, "width": 80, "height": 60} for number, name in enumerate(names, 1)
            ],
            "categories": [{"id": 10 + place, "name": name} for place, name in enumerate(categories)],
            "annotations": [
                {"id": 100 + place, "image_id": image, "category_id": 10 + categories.index(category), "bbox": bbox}
                for place, (image, category, bbox) in enumerate(labels)
            ],
            **extra,
        }
        path.write_text(json.dumps(content))
        return path

    return write

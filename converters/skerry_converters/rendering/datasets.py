"""Rendered scenes as a folder of labelled pictures, in the layouts that `skerry_edge.bench.annotations` reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from xml.etree import ElementTree as ET

import cv2
import msgspec

from skerry_converters.rendering.scene import Scene
from skerry_edge.bench.annotations.dataset import Layout

LABELS_FILE = "labels.txt"
_QUALITY = 95
"""Of the JPEG files: what a scene's own compression left is hardly changed by it."""


class DatasetWriter(Protocol):
    """Takes one scene after the other."""

    def add(self, name: str, scene: Scene) -> None:
        """Write a picture called ``name`` and what is in it. Raises OSError."""
        ...

    def close(self) -> None:
        """Write what belongs to all pictures. Raises OSError."""
        ...


def open_writer(folder: Path, layout: Layout, labels: Sequence[str]) -> DatasetWriter:
    """Return what writes a data set of ``layout`` into ``folder``, which is there and empty. Raises OSError."""
    (folder / LABELS_FILE).write_text("".join(f"{label}\n" for label in labels), encoding="utf-8")
    return _WRITERS[layout](folder, labels)


class _Voc:
    """JPEGImages and Annotations, one XML file a picture; signs that do not count are marked difficult."""

    def __init__(self, folder: Path, labels: Sequence[str]) -> None:
        self._labels = labels
        self._pictures, self._annotations = _made(folder, "JPEGImages", "Annotations")

    def add(self, name: str, scene: Scene) -> None:
        _write_picture(self._pictures / f"{name}.jpg", scene)
        height, width = scene.pixels.shape[:2]
        root = ET.Element("annotation")
        ET.SubElement(root, "folder").text = self._pictures.name
        ET.SubElement(root, "filename").text = f"{name}.jpg"
        _add_fields(ET.SubElement(root, "size"), {"width": width, "height": height, "depth": 3})
        for one in scene.objects:
            element = ET.SubElement(root, "object")
            _add_fields(element, {"name": self._labels[one.class_id], "difficult": int(one.difficult)})
            x_min, y_min, x_max, y_max = one.box_px
            # VOC counts pixels from 1, and its corners are pixels that belong to the object.
            corners = {"xmin": x_min + 1, "ymin": y_min + 1, "xmax": x_max, "ymax": y_max}
            _add_fields(ET.SubElement(element, "bndbox"), {key: f"{value:.2f}" for key, value in corners.items()})
        ET.indent(root)
        (self._annotations / f"{name}.xml").write_bytes(ET.tostring(root) + b"\n")

    def close(self) -> None:
        """Do nothing: every picture's file is complete."""


class _Yolo:
    """images and labels, one text file a picture; signs that do not count are left out: YOLO has no word for them."""

    def __init__(self, folder: Path, labels: Sequence[str]) -> None:  # noqa: ARG002  # YOLO's files hold numbers
        self._pictures, self._annotations = _made(folder, "images", "labels")

    def add(self, name: str, scene: Scene) -> None:
        _write_picture(self._pictures / f"{name}.jpg", scene)
        height, width = scene.pixels.shape[:2]
        lines = []
        for one in scene.objects:
            if not one.difficult:
                x_min, y_min, x_max, y_max = one.box_px
                centre = ((x_min + x_max) / 2 / width, (y_min + y_max) / 2 / height)
                shares = (*centre, (x_max - x_min) / width, (y_max - y_min) / height)
                lines.append(f"{one.class_id} " + " ".join(f"{share:.7f}" for share in shares) + "\n")
        (self._annotations / f"{name}.txt").write_text("".join(lines), encoding="ascii")

    def close(self) -> None:
        """Do nothing: every picture's file is complete."""


class _Coco:
    """images and annotations.json; signs that do not count are marked as crowds, which COCO passes over alike."""

    def __init__(self, folder: Path, labels: Sequence[str]) -> None:
        self._labels = labels
        self._file = folder / "annotations.json"
        (self._pictures,) = _made(folder, "images")
        self._images: list[dict[str, object]] = []
        self._annotations: list[dict[str, object]] = []

    def add(self, name: str, scene: Scene) -> None:
        _write_picture(self._pictures / f"{name}.jpg", scene)
        height, width = scene.pixels.shape[:2]
        image_id = len(self._images) + 1
        self._images.append({"id": image_id, "file_name": f"{name}.jpg", "width": width, "height": height})
        for one in scene.objects:
            x_min, y_min, x_max, y_max = one.box_px
            box = [round(number, 3) for number in (x_min, y_min, x_max - x_min, y_max - y_min)]
            self._annotations.append(
                {
                    "id": len(self._annotations) + 1,
                    "image_id": image_id,
                    "category_id": one.class_id + 1,
                    "bbox": box,
                    "area": round(box[2] * box[3], 3),
                    "iscrowd": int(one.difficult),
                }
            )

    def close(self) -> None:
        categories = [{"id": number, "name": label} for number, label in enumerate(self._labels, start=1)]
        whole = {"images": self._images, "annotations": self._annotations, "categories": categories}
        self._file.write_bytes(msgspec.json.encode(whole))


_WRITERS: dict[Layout, type[_Voc | _Yolo | _Coco]] = {"voc": _Voc, "yolo": _Yolo, "coco": _Coco}


def _made(folder: Path, *names: str) -> tuple[Path, ...]:
    paths = tuple(folder / name for name in names)
    for path in paths:
        path.mkdir()
    return paths


def _write_picture(path: Path, scene: Scene) -> None:
    _, data = cv2.imencode(".jpg", scene.pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    path.write_bytes(data.tobytes())


def _add_fields(element: ET.Element, fields: dict[str, object]) -> None:
    for name, value in fields.items():
        ET.SubElement(element, name).text = str(value)

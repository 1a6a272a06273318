"""Training on a person's own pictures: photographs, from a trained model and from scratch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

OWN = """\
name = "own"
{start}

[data]
kind = "folder"
path = "{path}"
labels = "{labels}"
validation = 0.2

[network]
{network}
side_px = 96

[learning]
rate = 0.01

[[stages]]
side_px = 96
steps = {steps}
batch = 8
{augmentation}

[pool]
first = 12

[run]
threads = 1
"""


ALL_AUGMENTATION = """\
zoom = [0.8, 1.4]

[augmentation]
mosaic = 0.3
flip = true
hue = 18.0
saturation = 1.5
exposure = 1.5
shift = 0.1
"""


@pytest.fixture
def photographs(shared_data: Path, tmp_path: Path) -> Path:
    """Sixteen photographs of VOC with their labels, and the names of its classes."""
    folder = tmp_path / "photographs"
    for kind in ("images", "annotations"):
        (folder / kind).mkdir(parents=True)
        for path in sorted((shared_data / "voc" / kind).iterdir())[:16]:
            shutil.copy(path, folder / kind)
    shutil.copy(shared_data / "darknet/voc.names", folder / "voc.names")
    return folder


@pytest.fixture
def configure(tmp_path: Path, photographs: Path) -> Callable[..., Path]:
    """Return a function that writes a configuration for the photographs."""

    def write(*, start: str = "", network: str = "", steps: int = 3) -> Path:
        path = tmp_path / "own.toml"
        data = {"path": "photographs", "labels": "photographs/voc.names"}
        text = OWN.format(start=start, network=network, steps=steps, augmentation=ALL_AUGMENTATION, **data)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """Eighty pictures with bright squares and dark discs, labelled in YOLO's way."""
    random = np.random.default_rng(2)
    folder = tmp_path / "shapes"
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    (folder / "classes.txt").write_text("square\ndisc\n")
    for number in range(80):
        picture = random.integers(90, 140, (96, 96, 3), dtype=np.uint8)
        kind, half = number % 2, int(random.integers(10, 20))
        x, y = (int(one) for one in random.integers(half, 96 - half, 2))
        if kind == 0:
            picture[y - half : y + half, x - half : x + half] = 230
        else:
            cv2.circle(picture, (x, y), half, (20, 20, 20), cv2.FILLED)
        cv2.imwrite(str(folder / f"images/{number:02}.png"), picture)
        box = " ".join(f"{value / 96:.6f}" for value in (x, y, 2 * half, 2 * half))
        (folder / f"labels/{number:02}.txt").write_text(f"{kind} {box}\n")
    return folder


def test_simple_things_are_learnt_in_a_few_seconds(
    skerry: Callable[..., object], shapes: Path, losses: Callable[[Path], list[float]], tmp_path: Path
) -> None:
    config = tmp_path / "own.toml"
    data = {"path": "shapes", "labels": "shapes/classes.txt"}
    config.write_text(OWN.format(start="", network="width = 0.02", steps=300, augmentation="", **data))
    done = skerry("train", "--config", config, "--out", tmp_path / "run", "--json")
    assert done.code == 0, done.err
    first, *_, last = losses(tmp_path / "run")
    assert last < 0.8 * first
    assert json.loads(done.out)["ap50"] > 0.3


@pytest.mark.parametrize("kind", ["bundle", "cfg"])
def test_photographs_are_trained_on_from_a_model_of_other_classes(
    skerry: Callable[..., object], configure: Callable[..., Path], tiny: Callable[..., Path], tmp_path: Path, kind: str
) -> None:
    signs = tmp_path / "signs"
    assert skerry("train", "--config", tiny(first=2, second=1), "--out", signs).code == 0
    start = signs / "tiny.cfg"
    if kind == "bundle":
        sources = [start, "--weights", signs / "tiny.weights", "--labels", signs / "tiny.names"]
        start = tmp_path / "signs.skerry"
        assert skerry("convert", *sources, "--to", "onnx-fp32", "--out", start).code == 0
    done = skerry("train", "--config", configure(start=f'start = "{start}"'), "--out", tmp_path / "run", "--json")
    assert done.code == 0, done.err
    summary = json.loads(done.out)
    before = json.loads((signs / "training.json").read_text())
    # Width and anchors are the start's.
    assert summary["anchors"] == before["anchors"]
    assert summary["parameters"] == before["parameters"]
    assert Path(summary["files"]["labels"]).read_text().splitlines()[0] == "aeroplane"


def test_a_start_of_another_width_is_refused_before_anything_is_trained(
    skerry: Callable[..., object], configure: Callable[..., Path], tiny: Callable[..., Path], tmp_path: Path
) -> None:
    signs = tmp_path / "signs"
    assert skerry("train", "--config", tiny(first=1, second=1), "--out", signs).code == 0
    config = configure(start=f'start = "{signs}/tiny.cfg"', network="width = 0.25")
    refused = skerry("train", "--config", config, "--out", tmp_path / "run")
    assert refused.code == 2
    assert "leave network.width out" in refused.err


def test_a_label_of_no_class_is_refused_by_its_file(
    skerry: Callable[..., object], configure: Callable[..., Path], photographs: Path, tmp_path: Path
) -> None:
    names = photographs / "voc.names"
    names.write_text(names.read_text().replace("person\n", "persons\n"))
    refused = skerry("train", "--config", configure(network="width = 0.02"), "--out", tmp_path / "run")
    assert refused.code == 4
    assert "did you mean 'persons'" in refused.err
    assert ".xml" in refused.err


def test_a_photograph_that_does_not_decode_is_named(
    skerry: Callable[..., object], configure: Callable[..., Path], photographs: Path, tmp_path: Path
) -> None:
    for path in (photographs / "images").iterdir():
        path.write_bytes(path.read_bytes()[:1000])
    refused = skerry("train", "--config", configure(network="width = 0.02"), "--out", tmp_path / "run")
    assert refused.code == 4
    assert "does not decode" in refused.err

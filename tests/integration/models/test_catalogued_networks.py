"""What the catalogue says about the public networks, held against the converter's own reading of them."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import pytest

from skerry_converters.darknet.build import build_network
from skerry_converters.darknet.cfg import read_cfg
from skerry_converters.darknet.source import load_darknet
from skerry_converters.model import DarknetModel, Thresholds
from skerry_converters.training.architecture import tiny_yolo_v2
from skerry_converters.training.darknet_files import cfg_text
from skerry_edge.models.entries import CATALOGUE, DarknetEntry, known_models

VOC_ANCHORS = ((1.08, 1.19), (3.42, 4.41), (6.63, 11.38), (9.42, 5.11), (16.62, 10.52))
"""Those of Darknet's yolov2-tiny-voc.cfg, in grid cells."""
OWN_CFG = CATALOGUE.with_name("yolov2-tiny-voc.cfg")
HEADERS = {16: struct.pack("<iiii", 0, 1, 0, 0), 20: struct.pack("<iiiq", 0, 2, 0, 0)}


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "voc.names"
    path.write_text("\n".join(known_models().labels["voc"]), encoding="utf-8")
    return path


def agrees(entry: DarknetEntry, model: DarknetModel) -> bool:
    image = model.image
    return (image.width, image.height, image.resize) == (entry.width, entry.height, entry.resize)


def test_the_cfg_of_yolov2_tiny_voc_is_written_from_the_layer_list() -> None:
    network = tiny_yolo_v2(20, VOC_ANCHORS)
    assert OWN_CFG.read_text(encoding="utf-8") == cfg_text(network, letterbox=True)


def test_it_describes_the_network_of_darknets_own_cfg(need_program) -> None:
    need_program("darknet")
    original = Path("/usr/share/darknet/cfg/yolov2-tiny-voc.cfg")
    assert built(OWN_CFG) == built(original)


def built(cfg: Path) -> object:
    network = build_network(read_cfg(cfg)[1]).network
    return network.input, network.layers


@pytest.mark.parametrize("header_bytes", [16, 20])
def test_the_size_of_its_weights_is_what_the_layers_need(tmp_path: Path, labels: Path, header_bytes: int) -> None:
    entry = known_models().darknet["yolov2-tiny-voc"]
    weights = tmp_path / "zeros.weights"
    weights.write_bytes(HEADERS[header_bytes])
    with weights.open("r+b") as file:
        file.truncate(sorted(entry.weights.sizes)[header_bytes == 20])
    model = load_darknet(OWN_CFG, weights, labels, resize=None, thresholds=Thresholds())
    assert agrees(entry, model)


def test_yolo_fastest_is_the_one_that_is_tested_with(shared_data: Path) -> None:
    entry = known_models().darknet["yolo-fastest-voc"]
    folder = shared_data / "darknet"
    names = folder / "voc.names"
    cfg, weights = folder / "yolo-fastest-voc.cfg", folder / "yolo-fastest-voc.weights"
    assert entry.cfg is not None
    for path, listed in ((cfg, entry.cfg), (weights, entry.weights)):
        assert listed.sizes == (path.stat().st_size,)
        assert listed.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert tuple(names.read_text(encoding="utf-8").split()) == known_models().labels_of(entry)
    assert agrees(entry, load_darknet(cfg, weights, names, resize=None, thresholds=Thresholds()))

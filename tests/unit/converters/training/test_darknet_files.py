"""A trained network as Darknet's files: our own reader gets back what was trained."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from skerry_converters.darknet.build import build_network
from skerry_converters.darknet.cfg import parse_cfg
from skerry_converters.darknet.source import load_darknet
from skerry_converters.layers import Network
from skerry_converters.model import Thresholds
from skerry_converters.training.architecture import tiny_yolo_v2
from skerry_converters.training.convolutions import Trained, fold
from skerry_converters.training.darknet_files import cfg_text, weights_bytes, write_darknet_files


def test_the_cfg_is_read_as_the_network_that_it_was_written_from() -> None:
    network = tiny_yolo_v2(7, ((0.1234567, 1.5), (12.25, 3.0)), width=0.3, side_px=320)
    built = build_network(parse_cfg(cfg_text(network, letterbox=True), file="some.cfg"))
    assert built.network == network
    assert built.letter_box


def test_the_weights_are_read_as_the_folded_ones(network: Network, trained: Trained, tmp_path: Path) -> None:
    labels = ("one", "two", "three")
    files = write_darknet_files(tmp_path / "some.net", network, trained, labels, letterbox=False, images=99)
    assert [one.name for one in files] == ["some.net.cfg", "some.net.weights", "some.net.names"]
    model = load_darknet(*files, resize=None, thresholds=Thresholds())
    assert model.labels == labels
    assert model.image.resize == "stretch"
    for index, folded in fold(trained).items():
        assert np.allclose(model.weights[index].kernel, folded.kernel, rtol=1e-5, atol=1e-7)
        assert np.allclose(model.weights[index].bias, folded.bias, rtol=1e-5, atol=1e-6)


def test_the_header_counts_the_pictures(trained: Trained) -> None:
    assert struct.unpack("<iiiq", weights_bytes(trained, images=5_000_000_000)[:20]) == (0, 2, 0, 5_000_000_000)


def test_a_channel_that_never_varied_is_the_same_in_darknets_arithmetic(
    network: Network, trained: Trained, tmp_path: Path
) -> None:
    first = trained[0]
    assert first.normalization is not None
    first.normalization.variance[3] = 0.0
    files = write_darknet_files(tmp_path / "flat", network, trained, ("a", "b", "c"), letterbox=False, images=0)
    read = load_darknet(*files, resize=None, thresholds=Thresholds()).weights[0]
    assert np.allclose(read.kernel[3], fold(trained)[0].kernel[3], rtol=1e-4)

"""A training that begins with a trained model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skerry_converters.layers import Network
from skerry_converters.training.architecture import tiny_yolo_v2
from skerry_converters.training.convolutions import Trained, fold, fresh
from skerry_converters.training.darknet_files import write_darknet_files
from skerry_converters.training.start import StartModel, adopted, read_start
from skerry_edge.foundation.errors import ConfigError, ReachError, SkerryError

LABELS = ("stop", "give-way", "children")
BOX = slice(0, 5)


@pytest.fixture
def start(network: Network, trained: Trained, tmp_path: Path) -> StartModel:
    write_darknet_files(tmp_path / "model", network, trained, LABELS, letterbox=False, images=0)
    return read_start("model.cfg", tmp_path)


def head(trained: Trained, classes: int) -> np.ndarray:
    """Return the last convolution's kernel by anchor and value."""
    kernel: np.ndarray = trained[max(trained)].kernel.reshape(2, 5 + classes, -1)
    return kernel


def test_darknets_files_are_read_with_labels_and_anchors(start: StartModel, network: Network) -> None:
    assert start.labels == LABELS
    assert start.anchors == network.heads[0].anchors  # type: ignore[union-attr]  # a region
    assert start.width == 20 / 1024


def test_the_same_classes_keep_the_whole_network(start: StartModel, network: Network, trained: Trained) -> None:
    taken = adopted(start, network, fresh(network, 1), LABELS)
    for index, folded in fold(trained).items():
        assert np.allclose(fold(taken)[index].kernel, folded.kernel, rtol=1e-4, atol=1e-7)
        assert np.allclose(fold(taken)[index].bias, folded.bias, rtol=1e-4, atol=1e-6)


def test_classes_are_known_by_their_names_and_others_begin_anew(start: StartModel, trained: Trained) -> None:
    labels = ("cat", "children", "stop", "dog")
    network = tiny_yolo_v2(4, start.anchors, width=0.02, side_px=64)
    scratch = fresh(network, 1)
    new, old, unseen = head(adopted(start, network, scratch, labels), 4), head(trained, 3), head(scratch, 4)
    assert np.array_equal(new[:, BOX], old[:, BOX])
    assert np.array_equal(new[:, 5 + 1], old[:, 5 + 2])
    assert np.array_equal(new[:, 5 + 2], old[:, 5 + 0])
    assert np.array_equal(new[:, [5, 8]], unseen[:, [5, 8]])


def test_other_anchors_begin_with_a_new_head(start: StartModel, trained: Trained) -> None:
    network = tiny_yolo_v2(3, ((1.0, 1.0), (3.0, 3.0)), width=0.02, side_px=64)
    scratch = fresh(network, 1)
    taken = adopted(start, network, scratch, LABELS)
    assert np.array_equal(head(taken, 3), head(scratch, 3))
    assert np.allclose(fold(taken)[2].kernel, fold(trained)[2].kernel, rtol=1e-4)


def test_another_width_is_refused_with_the_right_one(start: StartModel) -> None:
    network = tiny_yolo_v2(3, start.anchors, width=0.5, side_px=64)
    with pytest.raises(ConfigError, match=r"set it to 0\.0195312"):
        adopted(start, network, fresh(network, 1), LABELS)


def test_a_detector_that_is_no_tiny_yolo_is_refused(discs: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no TinyYOLOv2"):
        read_start(str(discs), tmp_path)


@pytest.mark.parametrize("text", ["nowhere.skerry", "no-such-model"])
def test_a_start_that_is_not_there_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        read_start(text, tmp_path)


def test_a_cfg_without_its_weights_is_named(start: StartModel, tmp_path: Path) -> None:
    (tmp_path / "model.weights").unlink()
    with pytest.raises(ReachError, match=r"model\.weights"):
        read_start("model.cfg", tmp_path)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "some.skerry").write_text("hello")
    with pytest.raises(SkerryError, match=r"some\.skerry"):
        read_start("some.skerry", tmp_path)

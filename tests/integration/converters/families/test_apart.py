"""A target made in a process of its own: errors come back, nothing outlives the call."""

import psutil
import pytest

from skerry_converters import temporary_space
from skerry_converters.families.apart import make_apart
from skerry_edge.foundation.errors import ConfigError, DataError, ReachError
from skerry_edge.vision.errors import ImageError


def children():
    return {one.pid for one in psutil.Process().children()}


class NotToBeFound:
    """A source whose class the other process cannot import."""

    def __init__(self, facts):
        self.facts = facts


def test_samples_are_read_here_one_at_a_time_and_reported(darknet, samples, tmp_path):
    reported = []
    calibration = samples(darknet.facts.inputs[0].shape, count=4)
    make_apart(
        "onnx-int8", darknet, calibration, tmp_path, on_sample=lambda read, count: reported.append((read, count))
    )
    assert reported == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_an_error_there_is_the_same_error_here(darknet, tmp_path):
    before = children()
    with pytest.raises(ConfigError, match="needs calibration data") as caught:
        make_apart("onnx-int8", darknet, None, tmp_path)
    assert caught.value.todo == "give it with --calibration"
    assert caught.value.where == darknet.facts.where
    assert children() <= before


def test_a_crash_there_is_an_error_here_with_its_last_words(darknet, tmp_path):
    before = children()
    with pytest.raises(DataError, match="ended with a crash") as caught:
        make_apart("onnx-fp32", NotToBeFound(darknet.facts), None, tmp_path)
    assert "exit code 1" in caught.value.found
    assert "Error" in caught.value.found
    assert children() <= before


def test_a_crash_on_a_full_disk_is_told_as_that(darknet, tmp_path, monkeypatch):
    monkeypatch.setattr(temporary_space, "LEAST_BYTES", 1 << 62)
    with pytest.raises(ReachError, match="no space left for temporary files") as caught:
        make_apart("onnx-fp32", NotToBeFound(darknet.facts), None, tmp_path)
    assert caught.value.where == str(tmp_path)


def test_a_sample_that_cannot_be_read_ends_it(darknet, tmp_path):
    class Broken:
        def __len__(self):
            return 3

        def __iter__(self):
            raise ImageError("the image does not decode", where="broken.jpg")
            yield

    before = children()
    with pytest.raises(ImageError, match="does not decode"):
        make_apart("onnx-int8", darknet, Broken(), tmp_path)
    assert children() <= before


def test_samples_of_another_shape_are_refused(darknet, samples, tmp_path):
    with pytest.raises(ConfigError, match="does not fit"):
        make_apart("onnx-int8", darknet, samples((1, 3, 32, 32)), tmp_path)


def test_a_folder_that_cannot_be_written_is_told(darknet, tmp_path):
    with pytest.raises(ReachError, match="cannot write") as caught:
        make_apart("onnx-fp32", darknet, None, tmp_path / "gone")
    assert caught.value.found == "No such file or directory"

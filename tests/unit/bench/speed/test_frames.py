"""What detectors look at while they are timed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_edge.bench.speed.frames import FrameSource
from skerry_edge.foundation.errors import ConfigError


def test_a_frame_of_a_size_is_the_same_at_every_run() -> None:
    (frame,) = FrameSource.parse("64x48").read()
    (again,) = FrameSource.parse("64x48").read()
    assert frame.shape == (48, 64, 3)
    assert np.array_equal(frame, again)
    assert frame.std() > 5


def test_a_picture_is_looked_at_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "640x480"
    assert cv2.imwrite(f"{path}.png", np.full((4, 6, 3), 7, np.uint8))
    source = FrameSource.parse(f"{path}.png")
    assert source.read()[0].shape == (4, 6, 3)
    assert source.described().source == f"{path}.png"


def test_what_is_recorded_tells_pictures_apart() -> None:
    frames = [FrameSource(width=width, height=height).described() for width, height in ((8, 4), (4, 8), (8, 4))]
    assert frames[0] == frames[2]
    assert frames[0].sha256 != frames[1].sha256


@pytest.mark.parametrize("text", ["", "0x100", "1280", "1280x", "-1x5", "no.png", "99999x99999", "1280X720"])
def test_what_is_neither_a_size_nor_a_picture_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--frame"):
        FrameSource.parse(text)


def test_pictures_that_together_are_too_large_for_a_small_board_are_fewer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skerry_edge.bench.speed.frames._MOST_BYTES", 1000)
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path in paths:
        assert cv2.imwrite(str(path), np.zeros((10, 15, 3), np.uint8))
    assert len(FrameSource(pictures=tuple(paths)).read()) == 2
    assert len(FrameSource(pictures=(paths[0],)).read()) == 1

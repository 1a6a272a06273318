"""A saved video is whole under its name, or it is told and not there."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_edge.foundation.errors import ReachError
from skerry_edge.vision.video_file import VideoFile

SIZE = (64, 48)


def write_noise(path: Path, frames: int, *, rate_hz: float = 10.0) -> None:
    noise = np.random.default_rng(0)
    video = VideoFile(path, rate_hz=rate_hz, size=SIZE)
    for _ in range(frames):
        video.add(noise.integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8))
    video.close()


@contextmanager
def capped_files(limit_bytes: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, as a disk that fills up does; the test runner's own log least of all."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("rate_hz", [0.1, 10.0, 29.97, 1000.0])
@pytest.mark.parametrize("frames", [1, 2, 40])
def test_a_whole_video_has_its_name_and_nothing_else_stays(tmp_path: Path, frames: int, rate_hz: float) -> None:
    write_noise(tmp_path / "a.mp4", frames, rate_hz=rate_hz)
    (saved,) = tmp_path.iterdir()
    assert (saved.name, saved.stat().st_mode & 0o777) == ("a.mp4", 0o644)
    assert cv2.VideoCapture(str(saved)).get(cv2.CAP_PROP_FRAME_COUNT) == frames


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_video_that_finds_no_room_is_told_and_leaves_nothing(tmp_path: Path, share: float) -> None:
    write_noise(tmp_path / "a.mp4", 40)
    whole_bytes = (tmp_path / "a.mp4").stat().st_size
    (tmp_path / "a.mp4").unlink()
    refused = pytest.raises(ReachError, match=r"video.*a\.mp4.*check space")
    with refused, capped_files(int(whole_bytes * share)):
        write_noise(tmp_path / "a.mp4", 40)
    assert list(tmp_path.iterdir()) == []


def test_a_video_that_is_discarded_leaves_nothing(tmp_path: Path) -> None:
    video = VideoFile(tmp_path / "a.mp4", rate_hz=10.0, size=SIZE)
    video.add(np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
    video.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_frame_of_another_size_that_opencv_drops_is_told(tmp_path: Path) -> None:
    video = VideoFile(tmp_path / "a.mp4", rate_hz=10.0, size=SIZE)
    video.add(np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
    video.add(np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(ReachError, match="1 of 2 frames"):
        video.close()


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReachError, match="No such file or directory"):
        VideoFile(tmp_path / "none" / "a.mp4", rate_hz=10.0, size=SIZE)


def test_an_interrupt_while_the_encoder_opens_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        fourcc = staticmethod(cv2.VideoWriter.fourcc)

        def __init__(self, *_arguments: object) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(cv2, "VideoWriter", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        VideoFile(tmp_path / "a.mp4", rate_hz=10, size=(64, 48))
    assert list(tmp_path.iterdir()) == []

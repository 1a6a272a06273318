"""Frames of a video as calibration data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_converters.calibration.calibration_set import CalibrationSet
from skerry_converters.calibration.video import spread
from skerry_edge.vision.errors import VideoError

Open = Callable[..., CalibrationSet]


def test_frames_are_spread_evenly_and_are_those_that_their_index_says(video: Path, opened: Open) -> None:
    calibration = opened(video, limit=8)
    indices = [item.index for item in calibration.items]
    assert [index // 5 for index in indices if index is not None] == list(range(8))
    for sample in calibration.samples():
        bar = sample.value.mean(axis=(0, 2)).argmax()
        assert sample.item.index == bar // 4


def test_a_limit_above_the_number_of_frames_takes_them_all(video: Path, opened: Open) -> None:
    calibration = opened(video, limit=300)
    assert [item.index for item in calibration.items] == list(range(40))
    assert calibration.choice.found == 40


def test_another_seed_takes_other_frames_and_the_manifest_names_them(video: Path, opened: Open) -> None:
    first, second = opened(video, limit=8, seed=1), opened(video, limit=8, seed=2)
    assert first.items != second.items
    assert first.manifest().sha256 != second.manifest().sha256
    assert f'"index": {first.items[3].index}' in first.manifest().data.decode()


def test_a_part_that_was_set_aside_gives_its_own_frames(video: Path, opened: Open) -> None:
    _, held = opened(video, limit=20).split(0.3, 0)
    assert [sample.item for sample in held.samples()] == list(held.items)


@pytest.mark.parametrize(("count", "limit"), [(1, 1), (7, 3), (100, 100), (5, 300), (1000, 7)])
def test_stretches_cover_the_whole_and_rise(count: int, limit: int) -> None:
    indices = spread(count, limit, 3)
    assert len(indices) == min(count, limit)
    assert indices == sorted(set(indices))
    assert indices[0] >= 0
    assert indices[-1] < count


def test_a_file_that_is_no_video_or_breaks_off_is_refused(tmp_path: Path, video: Path, opened: Open) -> None:
    (tmp_path / "no.mp4").write_bytes(b"no video")
    with pytest.raises(VideoError, match="does not open"):
        opened(tmp_path / "no.mp4")
    data = video.read_bytes()
    (tmp_path / "torn.avi").write_bytes(data[: len(data) // 2])
    with pytest.raises(VideoError):
        opened(tmp_path / "torn.avi")

"""The newest pictures that a pipeline keeps, for a new model to be tried on."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest

from skerry_edge.agent.watching.album import INTERVAL_S, Album
from skerry_edge.agent.watching.pictures import View
from skerry_edge.vision.detections import Detections
from skerry_edge.vision.images import read_image


def view(grey: int, *scores: float, size: tuple[int, int] = (48, 64)) -> View:
    found = Detections(
        boxes_px=np.zeros((len(scores), 4), np.float32),
        scores=np.array(scores, np.float32),
        class_ids=np.zeros(len(scores), np.int64),
    )
    return View(pixels=np.full((*size, 3), grey, np.uint8), detections=found, tracks=())


def greys(album: Album, folder: Path) -> list[int]:
    album.leave(folder)
    return [round(float(read_image(one).mean())) for one in sorted(folder.iterdir())]


def test_pictures_with_objects_are_kept_beside_a_few_others_and_the_newest_win(tmp_path: Path) -> None:
    album = Album()
    for number in range(10):
        at_s = number * INTERVAL_S
        album.show(view(10 * number, 0.4, 0.9), at_s)
        album.show(view(150 + 10 * number, 0.4), at_s)
    assert greys(album, tmp_path / "left") == [40, 50, 60, 70, 80, 90, 230, 240]


def test_what_follows_closely_shows_the_same_and_is_not_kept() -> None:
    album = Album()
    for number in range(20):
        album.show(view(number, 0.9), number * INTERVAL_S / 10)
    assert len(album.pictures) == 2


def test_a_large_picture_is_kept_small() -> None:
    album = Album()
    noise = np.random.default_rng(1).integers(0, 256, (1440, 2560, 3)).astype(np.uint8)
    album.show(View(pixels=noise, detections=view(0).detections, tracks=()), 0.0)
    assert len(album.pictures[0]) <= 128 * 1024


def test_pictures_are_left_whole_and_for_nobody_else(tmp_path: Path) -> None:
    album = Album()
    album.show(view(90, 0.9), 0.0)
    album.leave(tmp_path / "ota" / "gate")
    (left,) = (tmp_path / "ota" / "gate").iterdir()
    assert stat.S_IMODE(left.stat().st_mode) == 0o600
    assert stat.S_IMODE(left.parent.stat().st_mode) == 0o700
    assert [one.name for one in (tmp_path / "ota").iterdir()] == ["gate"]
    with pytest.raises(OSError, match="gate"):
        album.leave(tmp_path / "ota" / "gate")


def test_who_has_seen_nothing_leaves_an_empty_folder_so_that_nobody_waits(tmp_path: Path) -> None:
    assert greys(Album(), tmp_path / "left") == []

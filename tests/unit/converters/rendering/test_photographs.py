"""Photographs come as a folder, and parts of them as backgrounds."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_converters.rendering import photographs
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.photographs import part_of, read_photographs
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.vision.errors import ImageError


def save(path: Path, width: int, height: int) -> None:
    cv2.imwrite(str(path), np.full((height, width, 3), 90, np.uint8))


@pytest.mark.parametrize("size", [(416, 416), (64, 200), (1280, 720)])
@pytest.mark.parametrize("shape", [(480, 640, 3), (50, 900, 3), (3, 3, 3)])
def test_a_part_has_the_size_that_was_asked_for(size: tuple[int, int], shape: tuple[int, int, int]) -> None:
    photograph = np.arange(np.prod(shape), dtype=np.uint32).reshape(shape).astype(np.uint8)
    for number in range(5):
        part = part_of(photograph, size, Draws("part", number))
        assert part.shape == (size[1], size[0], 3)


def test_large_photographs_are_held_small(tmp_path: Path) -> None:
    save(tmp_path / "b.png", 1800, 600)
    save(tmp_path / "a.jpg", 300, 200)
    assert [one.shape for one in read_photographs(tmp_path)] == [(200, 300, 3), (300, 900, 3)]


def test_too_many_photographs_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photographs, "MOST_PHOTOGRAPHS", 1)
    for name in ("a.png", "b.png"):
        save(tmp_path / name, 8, 8)
    with pytest.raises(ConfigError, match=r"too many photographs.*2 pictures.*at most 1"):
        read_photographs(tmp_path)


def test_a_folder_without_pictures_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no pictures"):
        read_photographs(tmp_path)

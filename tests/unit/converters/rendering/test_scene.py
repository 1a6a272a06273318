"""A scene is decided by split, seed, index, size and options, and its truth fits its picture."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import cv2
import numpy as np
import pytest

from skerry_converters.rendering.scene import SceneOptions, render_scene

SOME = range(40)


def digest(seed: int, indices: range) -> str:
    parts = (render_scene(seed, index) for index in indices)
    return hashlib.sha256(b"".join(one.pixels.tobytes() + repr(one.objects).encode() for one in parts)).hexdigest()


def test_the_same_arguments_give_the_same_bytes_in_another_process() -> None:
    program = (
        "import hashlib; from skerry_converters.rendering.scene import render_scene\n"
        "parts = [render_scene(5, index) for index in (2, 1, 0)][::-1]\n"
        "print(hashlib.sha256(b''.join(p.pixels.tobytes() + repr(p.objects).encode() for p in parts)).hexdigest())"
    )
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == digest(5, range(3))


def test_the_number_of_opencvs_threads_changes_nothing() -> None:
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        alone = digest(6, range(6))
    finally:
        cv2.setNumThreads(before)
    assert digest(6, range(6)) == alone


def test_another_seed_index_or_split_gives_another_picture() -> None:
    scenes = [
        render_scene(1, 0),
        render_scene(2, 0),
        render_scene(1, 1),
        render_scene(1, 0, split="validation"),
        render_scene(1, 0, split="test"),
    ]
    assert len({one.pixels.tobytes() for one in scenes}) == len(scenes)


@pytest.mark.parametrize("size", [(416, 416), (64, 64), (640, 360), (300, 500)])
def test_boxes_lie_in_a_picture_of_the_size_that_was_asked_for(size: tuple[int, int]) -> None:
    width, height = size
    for index in range(12):
        scene = render_scene(3, index, size=size)
        assert (scene.pixels.shape, scene.pixels.dtype) == ((height, width, 3), np.uint8)
        for one in scene.objects:
            x_min, y_min, x_max, y_max = one.box_px
            assert 0 <= x_min < x_max <= width
            assert 0 <= y_min < y_max <= height
            assert 0.0 < one.visible <= 1.0


def test_a_share_of_the_scenes_shows_no_sign_and_still_something_on_posts() -> None:
    empty = SceneOptions(signless_share=1.0)
    assert not any(render_scene(4, index, options=empty).objects for index in SOME)
    full = SceneOptions(signless_share=0.0)
    assert sum(bool(render_scene(4, index, options=full).objects) for index in SOME) > 0.9 * len(SOME)


def test_all_sizes_and_classes_come() -> None:
    found = [one for index in range(200) for one in render_scene(8, index, size=(256, 256)).objects]
    assert {one.class_id for one in found} == set(range(20))
    sides = np.array([max(x1 - x0, y1 - y0) for x0, y0, x1, y1 in (one.box_px for one in found if one.visible > 0.95)])
    assert sides.min() > 13
    assert np.percentile(sides, 20) < 28
    assert np.percentile(sides, 90) > 90
    assert sum(one.difficult for one in found) < 0.06 * len(found)


def test_signs_are_seen_in_most_pictures_as_what_they_are() -> None:
    # A sign of one colour stands out in its box: as long as nothing has wiped it out, red stays the reddest.
    redder = []
    for index in range(90):
        scene = render_scene(9, index, options=SceneOptions(sign_px=(40.0, 120.0), signless_share=0.0))
        for one in scene.objects:
            if one.class_id == 0 and not one.difficult:
                x_min, y_min, x_max, y_max = (round(value) for value in one.box_px)
                inside = scene.pixels[y_min:y_max, x_min:x_max].reshape(-1, 3).astype(float).mean(axis=0)
                around = scene.pixels.reshape(-1, 3).astype(float).mean(axis=0)
                redder.append(inside[2] / inside[0] > 1.15 * around[2] / around[0])
    assert len(redder) > 8
    assert np.mean(redder) > 0.9


def test_a_photograph_lies_behind_the_signs_where_there_is_one() -> None:
    green = np.zeros((300, 400, 3), np.uint8)
    green[:] = (20, 200, 20)
    options = SceneOptions(photograph_share=1.0, signless_share=0.0)
    scenes = [render_scene(2, index, options=options, photographs=(green,)) for index in range(12)]
    assert sum(bool(one.objects) for one in scenes) >= 10
    for scene in scenes:
        blue, shade, red = np.median(scene.pixels.reshape(-1, 3), axis=0)
        assert shade > blue + 30
        assert shade > red + 30

"""A drive never ends, comes out the same each time, and signs grow as the car comes near."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np

from skerry_converters.rendering.drive import SPEED_M_S, STRETCH_M, drive
from skerry_converters.rendering.scene import Scene

SIZE = (320, 180)


def frames(count: int, seed: int = 3, **otherwise: object) -> list[Scene]:
    return list(islice(drive(seed, size=SIZE, **otherwise), count))


def test_the_same_drive_comes_out_again() -> None:
    first, second = frames(4), frames(4)
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(first, second, strict=True))
    assert [one.objects for one in first] == [one.objects for one in second]


def test_drives_of_another_seed_or_split_are_others() -> None:
    pictures = [frames(1)[0], frames(1, seed=4)[0], frames(1, split="train")[0]]
    assert len({one.pixels.tobytes() for one in pictures}) == 3


def test_signs_grow_smoothly_until_they_are_passed() -> None:
    followed: dict[tuple[int, int], list[float]] = {}
    previous: list[tuple[int, float, list[float]]] = []
    for scene in frames(70):
        current = []
        for one in scene.objects:
            x_min, y_min, _, y_max = one.box_px
            if one.visible < 0.95 or y_max - y_min < 8:
                continue
            track = next(
                (line for class_id, x, line in previous if class_id == one.class_id and abs(x - x_min) < 14), []
            )
            track.append(y_max - y_min)
            current.append((one.class_id, x_min, track))
            followed[id(track), one.class_id] = track
        previous = current
    long = [track for track in followed.values() if len(track) >= 8]
    assert len(long) >= 2
    for track in long:
        ratios = np.array(track[1:]) / np.array(track[:-1])
        assert ratios.min() > 0.97
        assert ratios.max() < 1.35
        assert track[-1] > 1.3 * track[0]


def test_one_frame_is_much_like_the_next() -> None:
    scenes = frames(12)
    small = [one.pixels[::4, ::4].astype(float) for one in scenes]
    steps = [np.abs(a - b).mean() for a, b in pairwise(small)]
    apart = np.abs(small[0] - frames(1, seed=9)[0].pixels[::4, ::4]).mean()
    assert max(steps) < 0.6 * apart


def test_small_signs_are_difficult_and_large_ones_count() -> None:
    seen = [one for scene in frames(60) for one in scene.objects if one.visible > 0.9]
    limit = 16 * SIZE[0] / 416
    assert {one.difficult for one in seen} == {True, False}
    for one in seen:
        x_min, y_min, x_max, y_max = one.box_px
        assert one.difficult == (max(x_max - x_min, y_max - y_min) < limit)


def test_a_long_drive_still_has_a_road_with_signs() -> None:
    rate_hz = 0.2
    scenes = frames(30, rate_hz=rate_hz)
    assert 30 * SPEED_M_S / rate_hz > 20 * STRETCH_M
    assert sum(bool(scene.objects) for scene in scenes[-10:]) >= 7

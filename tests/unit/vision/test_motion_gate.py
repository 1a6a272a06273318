"""The gate before the network: what moves passes, what stands still does not."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import cv2
import numpy as np
import pytest

from skerry_edge.vision.motion_gate import GateRules, MotionGate

RULES = GateRules(min_area=0.002, min_difference=20, open_s=1.0, look_every_s=30.0)
NOISE = [np.random.default_rng(seed).normal(0, 4, (480, 640, 1)).astype(np.int16) for seed in range(8)]
SHOWN = count()


def scene(x: int | None = None, *, size: tuple[int, int] = (640, 360), light: int = 100) -> np.ndarray:
    """A textured picture with sensor noise and, at ``x``, something as large as a person far away."""
    width, height = size
    picture = np.full((height, width, 3), light, np.uint8)
    picture[:, ::8] = light + 40
    if x is not None:
        cv2.rectangle(picture, (x, height // 2), (x + width // 25, height // 2 + height // 6), (20, 20, 20), -1)
    noisy = picture.astype(np.int16) + NOISE[next(SHOWN) % len(NOISE)][:height, :width]
    return np.clip(noisy, 0, 255).astype(np.uint8)


def passes(gate: MotionGate, *pictures: np.ndarray, begin_s: float = 0.0, step_s: float = 0.1) -> list[bool]:
    return [
        gate.lets_through(picture, begin_s + number * step_s, is_tracking=False)
        for number, picture in enumerate(pictures)
    ]


def closed_gate(rules: GateRules = RULES) -> MotionGate:
    """A gate that has seen two seconds in which nothing moved."""
    gate = MotionGate(rules)
    assert not all(passes(gate, *[scene()] * 21))
    return gate


def test_the_first_picture_passes_and_a_noisy_one_that_stands_still_does_not() -> None:
    seen = passes(MotionGate(RULES), *(scene() for _ in range(30)))
    assert seen[0]
    assert not any(seen[15:])


def test_what_moves_opens_the_gate_and_for_a_while_after() -> None:
    gate = closed_gate()
    assert passes(gate, scene(100), begin_s=2.1) == [True]
    moving = [scene(100 + 8 * step) for step in range(10)]
    assert all(passes(gate, *moving, begin_s=2.2))
    assert gate.lets_through(scene(172), 3.5, is_tracking=False)


def test_what_was_left_standing_becomes_background() -> None:
    gate = closed_gate()
    seen = passes(gate, *(scene(300) for _ in range(200)), begin_s=2.1)
    assert seen[0]
    assert not any(seen[-50:])


def test_slow_movement_adds_up() -> None:
    gate = closed_gate(replace(RULES, open_s=0.0))
    assert any(passes(gate, *(scene(100 + step // 2) for step in range(60)), begin_s=2.1)[5:])


def test_a_tracked_object_keeps_the_gate_open() -> None:
    gate = closed_gate()
    assert gate.lets_through(scene(), 5.0, is_tracking=True)
    assert not gate.lets_through(scene(), 5.1, is_tracking=False)


def test_one_picture_passes_now_and_then_in_any_case() -> None:
    gate = closed_gate(replace(RULES, look_every_s=3.0))
    seen = passes(gate, *(scene() for _ in range(13)), begin_s=2.5, step_s=0.5)
    assert 2 <= sum(seen) <= 3


def test_nothing_moves_in_a_mask() -> None:
    right = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
    gate = closed_gate(replace(RULES, masks=[right]))
    assert not any(passes(gate, *(scene(400 + 8 * step) for step in range(10)), begin_s=2.1))
    assert any(passes(gate, *(scene(100 + 8 * step) for step in range(10)), begin_s=3.1))


def test_a_picture_of_another_size_passes() -> None:
    gate = closed_gate()
    assert gate.lets_through(scene(size=(640, 480)), 2.2, is_tracking=False)


def test_a_light_that_is_switched_on_opens_the_gate() -> None:
    assert closed_gate().lets_through(scene(light=160), 2.1, is_tracking=False)


@pytest.mark.parametrize("size", [(1920, 1080), (160, 120), (64, 48), (3, 1)])
def test_any_size_will_do(size: tuple[int, int]) -> None:
    gate = MotionGate(RULES)
    assert gate.lets_through(np.zeros((size[1], size[0], 3), np.uint8), 0.0, is_tracking=False)
    assert gate.lets_through(np.full((size[1], size[0], 3), 255, np.uint8), 0.1, is_tracking=False)

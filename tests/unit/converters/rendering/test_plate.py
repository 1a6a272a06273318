"""A sign's face is drawn where its outline says, and hidden parts are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from skerry_converters.rendering.canvas import Canvas
from skerry_converters.rendering.classes import SIGN_LABELS
from skerry_converters.rendering.items import Bar, Slab
from skerry_converters.rendering.plate import Plate
from skerry_converters.rendering.scene import COUNTED_SHARE, seen_signs
from skerry_converters.rendering.view import View

Hang = Callable[..., Plate]


def owned_box(canvas: Canvas) -> np.ndarray:
    rows, columns = np.nonzero(canvas.owner == 1)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float64)


@pytest.mark.parametrize("label", range(len(SIGN_LABELS)))
@pytest.mark.parametrize("turned", [(0.0, 0.0, 0.0), (0.5, 0.2, 0.1), (-0.6, -0.3, 0.0)])
def test_the_box_is_that_of_the_pixels(
    canvas: Canvas, view: View, hang: Hang, label: int, turned: tuple[float, float, float]
) -> None:
    yaw, lean, tip = turned
    plate = hang(name=SIGN_LABELS[label], label=label, x_m=0.6, yaw=yaw, lean=lean, tip=tip, side_m=1.4)
    plate.draw(canvas, view)
    (seen,) = seen_signs(canvas, view)
    assert (seen.class_id, seen.difficult) == (label, False)
    assert np.abs(np.array(seen.box_px) - owned_box(canvas)).max() < 1.1
    assert seen.visible > 0.97


@pytest.mark.parametrize("side_px", [16, 24, 60, 150])
def test_a_face_has_the_size_that_its_distance_gives_it(canvas: Canvas, view: View, hang: Hang, side_px: int) -> None:
    hang(z_m=view.focal * 0.7 / side_px).draw(canvas, view)
    (seen,) = seen_signs(canvas, view)
    x_min, _, x_max, _ = seen.box_px
    assert x_max - x_min == pytest.approx(side_px, rel=0.03)


def test_a_box_ends_at_the_pictures_edge(canvas: Canvas, view: View, hang: Hang) -> None:
    right_m, _ = view.place(view.width - 10.0, 0.0, 5.0)
    hang(x_m=right_m).draw(canvas, view)
    (seen,) = seen_signs(canvas, view)
    assert seen.box_px[2] == view.width
    assert 0.5 < seen.visible < 0.9


@pytest.mark.parametrize(("hidden", "difficult"), [(0.3, False), (0.7, True)])
def test_what_stands_in_front_is_not_counted_as_seen(
    canvas: Canvas, view: View, hang: Hang, hidden: float, difficult: bool
) -> None:
    plate = hang()
    plate.draw(canvas, view)
    left, right = plate.x_m - 0.5, plate.x_m - 0.35 + 0.7 * hidden
    board = ((left, 0.0, 4.9), (left, 3.0, 4.9), (right, 3.0, 4.9), (right, 0.0, 4.9))
    Slab(corners_m=board, colour=(10, 10, 10)).draw(canvas, view)
    (seen,) = seen_signs(canvas, view)
    assert seen.visible == pytest.approx(1 - hidden, abs=0.08)
    assert seen.difficult is difficult
    assert (seen.visible < COUNTED_SHARE) is difficult


def test_a_sign_in_front_of_another_hides_a_part_of_it(canvas: Canvas, view: View, hang: Hang) -> None:
    square = {"name": "pedestrian-crossing", "label": 16}
    hang(**square, z_m=5.0).draw(canvas, view)
    hang(**square, z_m=4.9, x_m=0.35).draw(canvas, view)
    far, near = seen_signs(canvas, view)
    assert far.visible == pytest.approx(0.5, abs=0.05)
    assert near.visible > 0.97


def test_a_sign_of_which_nothing_is_left_is_not_in_the_truth(canvas: Canvas, view: View, hang: Hang) -> None:
    hang().draw(canvas, view)
    Bar(start=(0.0, 0.0, 4.0), end=(0.0, 5.0, 4.0), radius_m=1.0, colour=(9, 9, 9)).draw(canvas, view)
    assert seen_signs(canvas, view) == ()


def test_lookalikes_and_signs_behind_the_camera_are_not_in_the_truth(canvas: Canvas, view: View, hang: Hang) -> None:
    hang(name="clock", label=None).draw(canvas, view)
    hang(z_m=-3.0).draw(canvas, view)
    assert seen_signs(canvas, view) == ()
    assert (canvas.owner == 1).any()


def test_haze_takes_a_far_sign_its_colour(canvas: Canvas, view: View, hang: Hang) -> None:
    hang().draw(canvas, view)
    clear = canvas.pixels[canvas.owner == 1].astype(int)
    hazy = Canvas(
        pixels=canvas.pixels.copy(),
        owner=np.zeros_like(canvas.owner),
        haze=type(canvas.haze)(colour=(200, 200, 200), half_m=5.0),
    )
    hang().draw(hazy, view)
    fogged = hazy.pixels[hazy.owner == 1].astype(int)
    assert np.abs(fogged - 200).mean() < 0.6 * np.abs(clear - 200).mean()

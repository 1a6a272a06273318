"""Metres become pixels, and pixels metres."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from skerry_converters.rendering.view import View


def test_what_is_as_high_as_the_camera_lies_on_the_horizon(view: View) -> None:
    pixels = view.project(np.array([[0.0, view.height_m, 5.0], [3.0, view.height_m, 50.0]]))
    assert pixels[:, 1] == pytest.approx([view.horizon, view.horizon])


def test_twice_as_far_is_half_as_large(view: View) -> None:
    assert view.scale(10.0) == pytest.approx(2 * view.scale(20.0))


@pytest.mark.parametrize("spot", [(10.0, 20.0, 7.0), (160.0, 130.0, 2.0), (300.0, 230.0, 40.0)])
def test_a_place_is_seen_where_it_was_looked_for(view: View, spot: tuple[float, float, float]) -> None:
    turned = replace(view, roll=0.1, aside_m=1.3, station_m=25.0, bend=0.004)
    x, y, depth = spot
    right, up = turned.place(x, y, turned.station_m + depth)
    assert turned.point(right, up, turned.station_m + depth) == pytest.approx((x, y))


def test_going_ahead_is_the_same_as_things_coming_near(view: View) -> None:
    ahead = replace(view, station_m=6.0)
    assert ahead.point(1.0, 2.0, 10.0) == pytest.approx(view.point(1.0, 2.0, 4.0))


def test_a_bend_to_the_right_carries_far_things_to_the_right(view: View) -> None:
    bent = replace(view, bend=0.01)
    assert bent.point(0.0, 0.0, 40.0)[0] > view.point(0.0, 0.0, 40.0)[0] + 5

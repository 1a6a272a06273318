"""A camera, weather and a road to draw with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from skerry_converters.rendering.canvas import Canvas, Haze
from skerry_converters.rendering.plate import Plate
from skerry_converters.rendering.view import View
from skerry_converters.rendering.wear import Wear

GREY = 96


@pytest.fixture
def view() -> View:
    """A level camera a little above the road."""
    return View(width=320, height=240, focal=300.0, horizon=130.0, height_m=1.4)


@pytest.fixture
def canvas(view: View) -> Canvas:
    """A grey picture in clear air."""
    return Canvas(
        pixels=np.full((view.height, view.width, 3), GREY, np.uint8),
        owner=np.zeros((view.height, view.width), np.uint8),
        haze=Haze(colour=(200.0, 200.0, 200.0), half_m=1e9),
    )


@pytest.fixture
def hang() -> Callable[..., Plate]:
    """Return a function that gives a sound sign straight ahead, of 0.7 m at 5 m, with what is said otherwise."""

    def make(**otherwise: object) -> Plate:
        plain: dict[str, object] = {
            "name": "stop",
            "style": 0,
            "label": 0,
            "x_m": 0.0,
            "y_m": 1.6,
            "z_m": 5.0,
            "side_m": 0.7,
            "yaw": 0.0,
            "lean": 0.0,
            "tip": 0.0,
            "wear": Wear(),
        }
        return Plate(**{**plain, **otherwise})

    return make

"""One picture of a road with signs, and the truth about it: a pure function of split, seed and index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np

from skerry_converters.rendering.backdrop import draw_far_edge, draw_sky
from skerry_converters.rendering.cabin import dazzle, draw_cabin
from skerry_converters.rendering.canvas import PLAIN, Canvas, Pixels
from skerry_converters.rendering.conditions import Conditions, draw_conditions
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.items import Item
from skerry_converters.rendering.lens import develop, draw_lens
from skerry_converters.rendering.night import light_the_dark
from skerry_converters.rendering.photographs import part_of
from skerry_converters.rendering.plate import Plate
from skerry_converters.rendering.road import Road, draw_ground, draw_road
from skerry_converters.rendering.roadside import Place, fill_lane, furnish
from skerry_converters.rendering.signposts import LOOKALIKES, SIGNS, Hanger, Wanted
from skerry_converters.rendering.view import View
from skerry_converters.rendering.weather import let_it_fall, wet_the_road

Split = Literal["train", "validation", "test"]
Box = tuple[float, float, float, float]

COUNTED_SHARE = 0.45
"""A sign of which less is seen counts neither as found nor as missed."""
NOTICED_SHARE = 0.12
"""A sign of which less is seen is not in the truth at all."""
_PLACES: tuple[tuple[Place, float], ...] = (
    ("town", 0.25),
    ("suburb", 0.22),
    ("country", 0.25),
    ("motorway", 0.14),
    ("yard", 0.14),
)
_DEEPEST_M = 90.0


@dataclass(frozen=True, kw_only=True, slots=True)
class SceneOptions:
    """What is drawn.

    ``sign_px`` is the range of a sign's width in pixels of the picture, were it to face the camera squarely;
    ``most_signs`` how many posts with signs there are at most (a post carries one or two), ``signless_share`` how many
    of the scenes show look-alikes only. There are up to ``most_lookalikes`` posts with these, and two more in a scene
    without signs.
    """

    sign_px: tuple[float, float] = (16.0, 200.0)
    most_signs: int = 5
    most_lookalikes: int = 3
    signless_share: float = 0.2
    photograph_share: float = 0.3
    """How many scenes have one of the given photographs behind the signs instead of a drawn road, if there are some."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SceneObject:
    """A sign in a picture: ``box_px`` is x_min, y_min, x_max, y_max, its full extent cut off at the picture's edges.

    ``visible`` is the share of it that is in the picture with nothing in front; ``difficult`` marks one that should
    count neither as found nor as missed (VOC), since too little of it can be seen.
    """

    class_id: int
    box_px: Box
    visible: float = 1.0
    difficult: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """A picture, uint8 (height, width, 3) in blue, green, red, and the signs in it."""

    pixels: Pixels
    objects: tuple[SceneObject, ...]


def render_scene(
    seed: int,
    index: int = 0,
    *,
    split: Split = "train",
    size: tuple[int, int] = (416, 416),
    options: SceneOptions = SceneOptions(),
    photographs: Sequence[Pixels] = (),
) -> Scene:
    """Return picture ``index`` of the endless series that ``split`` and ``seed`` name; ``size`` is width, height.

    The split is part of the key of every random choice, so no series of one split shares pictures with another's.
    ``photographs``, uint8 (height, width, 3), must show none of the signs.
    """
    draws = Draws("scene", split, seed, index)
    if photographs and draws.chance(options.photograph_share):
        return _over_photograph(draws, draws.one_of(photographs), size, options)
    conditions, place = draw_conditions(draws.apart("conditions")), draws.weighted(_PLACES)
    road = draw_road(draws.apart("road"), conditions, town=place in ("town", "suburb"))
    view = _draw_view(draws.apart("view"), road, size)
    items = furnish(draws.apart("roadside"), conditions, road, place, first_m=1.5, last_m=_DEEPEST_M)
    for lane in (-1, 1):
        items += fill_lane(draws.apart(f"lane {lane}"), conditions, road, lane, first_m=7, last_m=_DEEPEST_M)
    items += _draw_plates(draws.apart("plates"), Hanger(draws.apart("posts"), view, road, conditions), options)
    canvas = paint(view, road, conditions, items, draws.apart("backdrop"))
    return _taken(canvas, view, conditions, draws)


def _over_photograph(draws: Draws, photograph: Pixels, size: tuple[int, int], options: SceneOptions) -> Scene:
    """Return a scene of which a photograph's part is all but the signs."""
    conditions = replace(draw_conditions(draws.apart("conditions")), sky="cloudy", fall="none", light=PLAIN)
    road = draw_road(draws.apart("road"), conditions, town=False)
    view = _draw_view(draws.apart("view"), road, size)
    hanger = Hanger(draws.apart("posts"), view, road, conditions)
    canvas = _blank(view, conditions)
    canvas.pixels[:] = part_of(photograph, size, draws.apart("photograph"))
    _draw_items(canvas, view, _draw_plates(draws.apart("plates"), hanger, options))
    return _taken(canvas, view, conditions, draws)


def _taken(canvas: Canvas, view: View, conditions: Conditions, draws: Draws) -> Scene:
    """Return the photograph of a finished canvas, with the truth."""
    draw_cabin(canvas, view, draws.apart("cabin"))
    objects = seen_signs(canvas, view)
    smallest_px = min((max(x1 - x0, y1 - y0) for x0, y0, x1, y1 in (one.box_px for one in objects)), default=60.0)
    lens = draw_lens(draws.apart("lens"), conditions, smallest_px)
    let_it_fall(canvas.pixels, conditions, draws.apart("weather"))
    return Scene(pixels=develop(canvas.pixels, conditions, lens, draws.apart("frame")), objects=objects)


def paint(view: View, road: Road, conditions: Conditions, items: list[Item], draws: Draws) -> Canvas:
    """Return what a perfect camera at ``view`` would see; the sky and the far edge are decided by ``draws``."""
    canvas = _blank(view, conditions)
    draw_sky(canvas, view, conditions, draws)
    draw_far_edge(canvas, view, conditions, draws)
    draw_ground(canvas, view, road)
    if conditions.wet:
        wet_the_road(canvas.pixels, view.horizon)
    _draw_items(canvas, view, items)
    if conditions.dark:
        light_the_dark(canvas, conditions, view.horizon)
    if conditions.sky == "low sun" and draws.chance(0.5):
        dazzle(canvas, view, draws)
    return canvas


def _draw_items(canvas: Canvas, view: View, items: list[Item]) -> None:
    """Draw the farthest first."""
    for item in sorted(items, key=lambda one: one.z_m, reverse=True):
        item.draw(canvas, view)


def _blank(view: View, conditions: Conditions) -> Canvas:
    shape = (view.height, view.width)
    return Canvas(pixels=np.zeros((*shape, 3), np.uint8), owner=np.zeros(shape, np.uint8), haze=conditions.haze)


def seen_signs(canvas: Canvas, view: View) -> tuple[SceneObject, ...]:
    """Return the signs whose faces a finished canvas shows."""
    seen = []
    for number, item in enumerate(canvas.owners, start=1):
        if isinstance(item, Plate) and item.label is not None:
            found = _seen(canvas, view, number, item, item.label)
            if found is not None:
                seen.append(found)
    return tuple(seen)


def _seen(canvas: Canvas, view: View, number: int, plate: Plate, class_id: int) -> SceneObject | None:
    outline = plate.outline(view)
    (x_min, y_min), (x_max, y_max) = np.maximum(outline.min(axis=0), 0), outline.max(axis=0)
    box = (float(x_min), float(y_min), float(min(x_max, view.width)), float(min(y_max, view.height)))
    if box[0] >= box[2] or box[1] >= box[3]:
        return None
    area = np.s_[int(box[1]) : int(np.ceil(box[3])), int(box[0]) : int(np.ceil(box[2]))]
    shown = int(np.count_nonzero(canvas.owner[area] == number))
    visible = min(shown / max(abs(cv2.contourArea(outline.astype(np.float32))), 1.0), 1.0)
    if visible < NOTICED_SHARE:
        return None
    return SceneObject(class_id=class_id, box_px=box, visible=visible, difficult=visible < COUNTED_SHARE)


def _draw_view(draws: Draws, road: Road, size: tuple[int, int]) -> View:
    width, height = size
    middle, half = (road.left_m + road.right_m) / 2, (road.right_m - road.left_m) / 2
    return View(
        width=width,
        height=height,
        focal=max(size) * draws.ratio(0.7, 2.4),
        horizon=height * draws.between(0.3, 0.72),
        height_m=draws.between(1.1, 2.4),
        roll=draws.near(0.0, 0.025),
        aside_m=middle + half * draws.between(-0.8, 0.9),
        bend=draws.near(0.0, 0.003),
    )


def _draw_plates(draws: Draws, hanger: Hanger, options: SceneOptions) -> list[Item]:
    """Return posts with signs and look-alikes; where there are no signs, more of what resembles them."""
    signs = 0 if draws.chance(options.signless_share) else 1 + draws.below(options.most_signs)
    others = draws.below(options.most_lookalikes + 1) + (0 if signs else 2)
    wanted = [Wanted(faces=SIGNS, side_px=options.sign_px)] * signs
    wanted += [Wanted(faces=LOOKALIKES, side_px=options.sign_px)] * others
    return [item for one in wanted for item in hanger.hang(one)]

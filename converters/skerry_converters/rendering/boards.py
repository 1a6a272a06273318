"""Advertising boards: shapes, colours and words at random, none of which means anything on the road."""

from __future__ import annotations

from skerry_converters.rendering.art import BLACK, Art, Colour, Layer, Style
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.glyphs import write_text
from skerry_converters.rendering.outlines import disc, moved, rectangle, ring, triangle
from skerry_converters.rendering.pictograms import placed

BOARDS = 24
_PAINTS: tuple[Colour, ...] = (
    (40, 34, 196),
    (170, 90, 30),
    (70, 140, 40),
    (30, 190, 240),
    (236, 238, 238),
    (110, 60, 130),
    (40, 110, 230),
    (150, 170, 60),
    BLACK,
)
_WORDS = ("OPEN", "BAKERY", "HOTEL", "AUTO", "MARKET", "BANK", "ZOO", "KIOSK", "RADIO", "TAXI")
_MOST_WIDTH = 1.7


def board_art(number: int, style: Style) -> Art:  # noqa: ARG001  # boards know no national styles
    """Return board ``number``, from 0 to BOARDS - 1."""
    draws = Draws("board", number)
    outline = disc() if draws.chance(0.25) else rectangle(1.0, draws.between(0.5, 1.0), 0.0)
    layers = [Layer(draws.one_of(_PAINTS), ((outline,),))]
    layers += [_shape(draws) for _ in range(1 + draws.below(4))]
    if draws.chance(0.7):
        layers.append(_word(draws))
    return Art(outline, tuple(layers))


def _shape(draws: Draws) -> Layer:
    paint, reach = draws.one_of(_PAINTS), draws.between(0.2, 0.7)
    x, y = draws.between(-0.6, 0.6), draws.between(-0.4, 0.4)
    kind = draws.below(4)
    if kind == 0:
        return Layer(paint, ((disc(reach, (x, y)),),))
    if kind == 1:
        return Layer(paint, (ring(reach, reach * draws.between(0.5, 0.8), (x, y)),))
    if kind == 2:
        return Layer(paint, ((moved(triangle(reach * 1.6), x, y),),))
    return Layer(paint, ((moved(rectangle(reach, reach * draws.between(0.1, 0.6)), x, y),),))


def _word(draws: Draws) -> Layer:
    letters = write_text(draws.one_of(_WORDS), height=1.0, weight=draws.between(0.14, 0.22))
    wide = 2 * max(float(line[:, 0].max()) for shape in letters for line in shape)
    size = min(_MOST_WIDTH / wide, draws.between(0.25, 0.6))
    return Layer(draws.one_of(_PAINTS), placed(letters, scale=size, at=(0.0, draws.between(-0.3, 0.3))))

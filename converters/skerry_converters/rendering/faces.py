"""Every face by its name and style, drawn when it is first needed."""

from __future__ import annotations

from functools import cache

from skerry_converters.rendering.art import STYLES, Art
from skerry_converters.rendering.classes import SIGN_LABELS
from skerry_converters.rendering.lookalikes import lookalike_art
from skerry_converters.rendering.other_signs import OTHER_SIGNS
from skerry_converters.rendering.paths import Points
from skerry_converters.rendering.raster import Sheet, rasterize
from skerry_converters.rendering.signs import sign_art

_FEW_STYLES = 2


def styles_of(name: str) -> int:
    """Return in how many of the STYLES a face comes.

    Traffic signs come in all, or the style alone would tell some of the 20 from others. What is no traffic sign comes
    in a few: each face that was drawn is kept in memory.
    """
    return len(STYLES) if name in SIGN_LABELS or name in OTHER_SIGNS else _FEW_STYLES


@cache
def face_art(name: str, style: int) -> Art:
    """Return the face of a sign or a look-alike in one of the STYLES."""
    art = sign_art if name in SIGN_LABELS else lookalike_art
    return art(name, STYLES[style])


@cache
def face_sheets(name: str, style: int) -> tuple[Sheet, ...]:
    """Return the face's pictures, from large to small."""
    return rasterize(face_art(name, style))


def face_outline(name: str, style: int) -> Points:
    """Return the face's outer edge in the square from -1 to 1."""
    return face_art(name, style).outline

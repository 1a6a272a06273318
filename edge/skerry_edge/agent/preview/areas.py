"""A polygon that somebody drew, as the lines of a configuration. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from skerry_edge.agent.config.vision import MAX_CORNERS
from skerry_edge.contracts.topics import NAME_PATTERN
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.vision.polygons import Point, fault_of

DIGITS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """An area as TOML, and what is still wrong with it."""

    toml: str
    fault: str | None


def drawn_area(kind: str, name: str, corners: str) -> Drawn:
    """Return the area of ``corners``, `x,y;x,y;…` in shares of the picture; ``kind`` is `zone` or `mask`.

    Raises ConfigError for what no page of ours asks.
    """
    if kind not in ("zone", "mask"):
        raise ConfigError("an area is a zone or a mask", found=repr(kind))
    points = [_point(text) for text in corners.split(";") if text]
    if len(points) > MAX_CORNERS:
        raise ConfigError(f"an area has at most {MAX_CORNERS} corners", found=f"{len(points)}")
    fault = fault_of(points)
    if fault is None and kind == "zone" and re.fullmatch(NAME_PATTERN, name) is None:
        fault = "the name of a zone is made of a-z, 0-9 and '-'"
    listed = ", ".join(f"[{x:.{DIGITS}f}, {y:.{DIGITS}f}]" for x, y in points)
    lines = [
        f"[[pipelines.{kind}s]]",
        *([f"name = {json.dumps(name)}"] if kind == "zone" else []),
        f"points = [{listed}]",
    ]
    return Drawn(toml="\n".join(lines) + "\n", fault=fault)


def _point(text: str) -> Point:
    try:
        x, y = (round(float(part), DIGITS) for part in text.split(","))
    except ValueError as error:
        raise ConfigError("a corner is two numbers", found=repr(text[:50])) from error
    if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
        raise ConfigError("a corner lies in the picture: both numbers are 0 to 1", found=repr(text[:50]))
    return x, y

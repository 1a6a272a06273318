"""The worst pictures of a variant, with everything that was found, missed or invented in them."""

from __future__ import annotations

from skerry_edge.bench.evaluation.detection.operating import JudgedBox, JudgedPicture, Kind
from skerry_edge.bench.page.markup import Markup, element
from skerry_edge.bench.page.overlay import OverlayBox, overlay
from skerry_edge.vision.images import read_image

_KINDS: tuple[tuple[Kind, str], ...] = (
    ("found", "found: a detection on an object of its class"),
    ("missed", "missed: an object without a detection"),
    ("false", "false: a detection of nothing, of another class, or of an object a second time"),
)
_MOST_DRAWN = 30
"""Of a kind in a picture: a broken variant may show thousands, and the best of them make the point."""


def key() -> Markup:
    """Return what the lines mean."""
    return element("ul", *(element("li", _sample(kind), meaning) for kind, meaning in _KINDS), class_="legend")


def gallery(pictures: tuple[JudgedPicture, ...], labels: tuple[str, ...]) -> Markup:
    """Return the pictures, read again from their files, with their boxes. Raises ReachError and ImageError."""
    return element("div", *(_figure(one, labels) for one in pictures), class_="gallery")


def _figure(judged: JudgedPicture, labels: tuple[str, ...]) -> Markup:
    # Found ones below, mistakes on top of them: these are what the picture is shown for.
    order = [box for kind, _ in _KINDS for box in _of_kind(judged, kind)]
    boxes = [OverlayBox(box_px=box.box_px, words=_label(box, labels), kind=box.kind) for box in order]
    told = ", ".join(f"{judged.count(kind)} {kind}" for kind, _ in _KINDS if judged.count(kind))
    name = judged.picture.name
    drawn = overlay(f"{name}: {told}", read_image(judged.picture.path), boxes)
    return element("figure", drawn, element("figcaption", f"{name}: {told}"))


def _of_kind(judged: JudgedPicture, kind: Kind) -> list[JudgedBox]:
    """Return the first boxes of a kind; those with a score come with the best one first."""
    return [box for box in judged.boxes if box.kind == kind][:_MOST_DRAWN]


def _label(box: JudgedBox, labels: tuple[str, ...]) -> str:
    label = labels[box.class_id]
    return label if box.score is None else f"{label} {box.score:.0%}"


def _sample(kind: Kind) -> Markup:
    line = element("rect", x=2, y=2, width=22, height=12, class_=f"box {kind}")
    return element("svg", line, viewBox="0 0 26 16", class_="sample", aria_hidden="true")

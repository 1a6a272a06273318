"""The picture of the front: accuracy over latency, the limits as lines, the pick set off from the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skerry_edge.bench.page.axes import Axis, level_grid, upright_grid
from skerry_edge.bench.page.markup import NOTHING, Markup, element
from skerry_edge.bench.recommendation.labels import place_labels
from skerry_edge.bench.recommendation.phrases import allowance, milliseconds
from skerry_edge.bench.recommendation.picking import drop_of, latency_of
from skerry_edge.bench.recommendation.result import Candidate, Recommendation
from skerry_edge.bench.recommendation.wording import PICK, mark

TITLE = "Accuracy over latency: up and to the left is better"
_WIDTH, _HEIGHT = 760, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 20, 26, 46
_FARTHEST = 3.0
"""A limit that is farther away than so many times what the candidates span is drawn at the edge."""
_LEAST_SPAN_POINTS = 1.0
_RADIUS, _PICK_RADIUS = 5, 7


@dataclass(frozen=True, kw_only=True, slots=True)
class _Frame:
    """Both axes, and the limits in their units: milliseconds, and points of AP50 (hundredths)."""

    x: Axis
    y: Axis
    limit_ms: float
    limit_ap50: float


def front_picture(answer: Recommendation) -> Markup:
    """Return the picture; nothing where no candidate has both figures."""
    drawn = [one for one in answer.candidates if one.latency_ms is not None and one.drop is not None]
    if not drawn:
        return NOTHING
    frame = _frame(answer, drawn)
    parts = [
        _allowed(frame),
        *upright_grid(frame.y, frame.x),
        *level_grid(frame.x, frame.y),
        *_titles(answer, frame),
        *_limits(answer, frame),
        _staircase([one for one in drawn if one.on_front], answer, frame),
        *(part for one in drawn for part in _marked(one, answer, frame)),
        *_names(drawn, answer, frame),
    ]
    title = element("title", TITLE)
    return element("svg", title, *parts, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", class_="chart front")


def _ap50(answer: Recommendation, points: float) -> float:
    """Return the AP50, in hundredths, of what lost so many points."""
    return 100 * answer.accuracy.reference_ap50 - points


def _frame(answer: Recommendation, drawn: Sequence[Candidate]) -> _Frame:
    limit_ms, limit_ap50 = answer.wanted.limit_ms, _ap50(answer, answer.wanted.max_drop_points)
    slowest = max(latency_of(one) for one in drawn)
    end_ms = max(slowest, limit_ms) if limit_ms <= _FARTHEST * slowest else slowest
    ends = [_ap50(answer, end) for one in drawn for end in _interval(one)]
    low, high = min(ends), max(ends)
    if low - limit_ap50 <= _FARTHEST * max(high - low, _LEAST_SPAN_POINTS):
        low, high = min(low, limit_ap50), max(high, limit_ap50)
    margin = max(high - low, _LEAST_SPAN_POINTS) * 0.08
    return _Frame(
        x=Axis(low=0.0, high=end_ms * 1.12, start=_LEFT, end=_WIDTH - _RIGHT),
        y=Axis(low=low - margin, high=high + margin, start=_HEIGHT - _BOTTOM, end=_TOP),
        limit_ms=limit_ms,
        limit_ap50=limit_ap50,
    )


def _interval(one: Candidate) -> tuple[float, float, float]:
    """Return the drop, and both ends of its interval where it has one."""
    drop = drop_of(one)
    return (
        drop.points,
        drop.points if drop.low is None else drop.low,
        drop.points if drop.high is None else drop.high,
    )


def _allowed(frame: _Frame) -> Markup:
    """Return the shade behind everything that keeps to both limits."""
    left, top = frame.x.start, frame.y.end
    width, height = frame.x.at(frame.limit_ms) - left, frame.y.at(frame.limit_ap50) - top
    return element("rect", x=left, y=top, width=width, height=height, class_="allowed")


def _titles(answer: Recommendation, frame: _Frame) -> list[Markup]:
    x, y = frame.x, frame.y
    across = f"ms a frame, end to end ({answer.wanted.quantile})"
    middle = (y.start + y.end) / 2
    return [
        element("text", across, x=(x.start + x.end) / 2, y=_HEIGHT - 8, text_anchor="middle", class_="axis"),
        element("text", "AP50, hundredths", transform=f"translate(14 {middle}) rotate(-90)", class_="axis turned"),
    ]


def _limits(answer: Recommendation, frame: _Frame) -> list[Markup]:
    x, y, wanted = frame.x, frame.y, answer.wanted
    at_x, at_y = x.at(frame.limit_ms), y.at(frame.limit_ap50)
    rate = f"{wanted.fps:g} a second ({milliseconds(frame.limit_ms)} ms)"
    drop = f"{allowance(wanted.max_drop_points)} lost"
    return [
        element("line", x1=at_x, x2=at_x, y1=y.start, y2=y.end, class_="rule limit"),
        element("line", x1=x.start, x2=x.end, y1=at_y, y2=at_y, class_="rule limit"),
        element(
            "text",
            rate + (" →" if frame.limit_ms > x.high else ""),
            x=at_x,
            y=y.end - 8,
            text_anchor="middle" if at_x < x.end - 80 else "end",
            class_="axis",
        ),
        element(
            "text",
            drop + (" ↓" if frame.limit_ap50 < y.low else ""),
            x=x.end,
            y=at_y - 5,
            text_anchor="end",
            class_="axis name",
        ),
    ]


def _staircase(front: Sequence[Candidate], answer: Recommendation, frame: _Frame) -> Markup:
    """Return the front as steps: the best accuracy that is to be had within each latency."""
    steps: list[tuple[float, float]] = []
    for one in sorted(front, key=latency_of):
        across, up = frame.x.at(latency_of(one)), frame.y.at(_ap50(answer, drop_of(one).points))
        steps += [(across, steps[-1][1] if steps else frame.y.start), (across, up)]
    if not steps:
        return NOTHING
    steps.append((frame.x.end, steps[-1][1]))
    return element("polyline", points=" ".join(f"{across:g},{up:g}" for across, up in steps), class_="line steps")


def _marked(one: Candidate, answer: Recommendation, frame: _Frame) -> list[Markup]:
    """Return a candidate's dot with its interval."""
    x, y = frame.x, frame.y
    drop, low, high = _interval(one)
    across, up = x.at(latency_of(one)), y.at(_ap50(answer, drop))
    place = _class(answer, one)
    ends = y.at(_ap50(answer, low)), y.at(_ap50(answer, high))
    radius = _PICK_RADIUS if place == PICK else _RADIUS
    ring = [element("circle", cx=across, cy=up, r=_PICK_RADIUS + 5, class_="ring pick")] if place == PICK else []
    return [
        element("line", x1=across, x2=across, y1=ends[0], y2=ends[1], class_=f"reach {place}"),
        *ring,
        element("circle", cx=across, cy=up, r=radius, class_=f"dot {place}"),
    ]


def _names(drawn: Sequence[Candidate], answer: Recommendation, frame: _Frame) -> list[Markup]:
    spots = [(one.name, frame.x.at(latency_of(one)), frame.y.at(_ap50(answer, drop_of(one).points))) for one in drawn]
    labels = place_labels(spots, right=frame.x.end, top=frame.y.end + 12, bottom=frame.y.start - 4)
    return [
        element("text", one.name, x=label.x, y=label.y, text_anchor=label.anchor, class_=f"name {_class(answer, one)}")
        for one, label in zip(drawn, labels, strict=True)
    ]


def _class(answer: Recommendation, one: Candidate) -> str:
    return mark(answer, one) or "off"

"""Areas of the picture as polygons of points in shares of its width and height. Pure, and free of numpy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

Point = tuple[float, float]
"""x and y in 0..1: from the left and from the top."""
Polygon = Sequence[Point]
"""At least three corners in order; the last is joined to the first."""
Edge = tuple[Point, Point]


def contains(polygon: Polygon, point: Point) -> bool:
    """Tell whether ``point`` is inside, by the even-odd rule; a point on the edge may be either."""
    x, y = point
    inside = False
    for (x_a, y_a), (x_b, y_b) in _edges(polygon):
        if (y_a > y) != (y_b > y) and x < x_a + (y - y_a) / (y_b - y_a) * (x_b - x_a):
            inside = not inside
    return inside


def fault_of(polygon: Polygon) -> str | None:
    """Say what keeps ``polygon`` from being an area, or None: too few corners, no width, or edges that cross."""
    if len(polygon) < 3:
        return f"{len(polygon)} corners, an area has at least 3"
    for number, (corner, following) in enumerate(_edges(polygon), start=1):
        if corner == following:
            return f"corner {number} and the next are the same point"
    if all(_turn(polygon[0], polygon[1], corner) == 0 for corner in polygon):
        return "all corners lie on one line"
    edges = list(_edges(polygon))
    for first, one in enumerate(edges):
        for second in range(first + 1, len(edges)):
            is_neighbour = second - first in (1, len(edges) - 1)
            if _folds_back(one, edges[second]) if is_neighbour else _touch(one, edges[second]):
                return f"the edges after corner {first + 1} and corner {second + 1} cross or touch"
    return None


def _edges(polygon: Polygon) -> Iterator[Edge]:
    return pairwise([*polygon, polygon[0]])


def _turn(a: Point, b: Point, c: Point) -> int:
    """Tell to which side the way from a over b to c turns: 1, -1, or 0 for straight on or back."""
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (area > 0) - (area < 0)


def _lies_between(point: Point, edge: Edge) -> bool:
    """Tell whether a point on an edge's line is on the edge itself."""
    (x_a, y_a), (x_b, y_b) = edge
    return min(x_a, x_b) <= point[0] <= max(x_a, x_b) and min(y_a, y_b) <= point[1] <= max(y_a, y_b)


def _touch(one: Edge, other: Edge) -> bool:
    turns = [_turn(*one, end) for end in other] + [_turn(*other, end) for end in one]
    if turns[0] != turns[1] and turns[2] != turns[3] and 0 not in turns:
        return True
    ends = [(end, one) for end in other] + [(end, other) for end in one]
    return any(turn == 0 and _lies_between(*end) for turn, end in zip(turns, ends, strict=True))


def _folds_back(one: Edge, other: Edge) -> bool:
    """Tell whether two edges with a corner in common lie on each other."""
    shared = next(corner for corner in one if corner in other)
    far = [corner for edge in (one, other) for corner in edge if corner != shared]
    return _turn(shared, far[0], far[1]) == 0 and (_lies_between(far[0], other) or _lies_between(far[1], one))

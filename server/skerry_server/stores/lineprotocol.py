"""InfluxDB line protocol: points to bytes.

Escaping follows https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/: a comma, an equals
sign and a space are escaped in tag keys, tag values and field keys; there is no escape for a line end, and a
backslash before a delimiter cannot be told from an escape, so both are refused here and cleaned where tags are made.

Numbers are most of a line, so they are written by msgspec's JSON encoder, all points in one call: ``{"a":1.5,"b":2.0}``
becomes ``a=1.5,b=2.0`` by dropping and replacing single characters, none of which is in a field's name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from skerry_edge.foundation.errors import DataError
from skerry_server.stores.base import Point

_ESCAPES = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ "})
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]+\Z").match
_PLAIN_TAGS = re.compile(r"[A-Za-z0-9_.@-]+\Z").match
_COLON_TO_EQUALS = bytes.maketrans(b":", b"=")
_JSON_SIGNS = b'"{}'
MAX_REMEMBERED = 20_000
"""Sets of fields' names that were looked at."""
PIECE = 2_000
"""Points that are encoded at once."""
_JSON = msgspec.json.Encoder()


class NoLineError(DataError):
    """A point has no encoding in line protocol."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Encoded:
    """Lines, each with its line end; ``indices`` are the points' that they stand for, ``refused`` those without."""

    lines: Sequence[bytes]
    indices: Sequence[int]
    refused: Mapping[int, str] = field(default_factory=dict)


class LineEncoder:
    """Writes points as lines; what threads remember for each other can be lost, and then costs a little time."""

    def __init__(self) -> None:
        self._layouts: set[tuple[str, ...]] = set()

    def encode(self, points: Sequence[Point]) -> Encoded:
        """Return all ``points`` as lines but those that have no encoding, and why not."""
        lines: list[bytes] = []
        # In pieces, so that what JSON makes of one is out of memory before the next.
        for start in range(0, len(points), PIECE):
            try:
                some = self._encode_fast(points[start : start + PIECE])
            except NoLineError:
                some = None
            if some is None:
                return _encode_each(points)
            lines += some
        return Encoded(lines=lines, indices=range(len(lines)))

    def _encode_fast(self, points: Sequence[Point]) -> list[bytes] | None:
        """Return the lines, or None where a field needs a closer look."""
        fields = [point.fields for point in points]
        layouts = set(map(tuple, fields))
        if not (layouts <= self._layouts or self._learn(layouts)):
            return None
        bodies = _JSON.encode_lines(fields).translate(_COLON_TO_EQUALS, _JSON_SIGNS)
        # JSON has no word for NaN and the infinities.
        if b"=null" in bodies:
            return None
        # What follows the last line end is no body and falls away.
        each = zip(points, bodies.split(b"\n"), strict=False)
        return [b"%b %b %d\n" % (_head(one), body, one.time_ns) for one, body in each]

    def _learn(self, layouts: set[tuple[str, ...]]) -> bool:
        """Tell whether all ``layouts`` have names, and only such that need no escape; remember them if so."""
        if not all(layout and all(map(_PLAIN_NAME, layout)) for layout in layouts):
            return False
        if len(self._layouts) > MAX_REMEMBERED:
            self._layouts.clear()
        self._layouts |= layouts
        return True


def encode_point(point: Point) -> bytes:
    """Return ``measurement,tags fields time``. Raises NoLineError."""
    if not point.fields:
        raise NoLineError("a point needs a field", where=point.measurement)
    fields = ",".join(f"{_text(key)}={_number(key, value)}" for key, value in point.fields.items())
    return b"%b %b %d\n" % (_head(point), fields.encode(), point.time_ns)


def is_encodable(text: str) -> bool:
    """Tell whether ``text`` can stand as a tag value or key in a line."""
    return bool(text) and text.isprintable() and "\\" not in text


def _encode_each(points: Iterable[Point]) -> Encoded:
    lines, indices, refused = [], [], {}
    for index, point in enumerate(points):
        try:
            lines.append(encode_point(point))
            indices.append(index)
        except NoLineError as error:  # noqa: PERF203  # one bad point must not take the others with it
            refused[index] = str(error)
    return Encoded(lines=lines, indices=indices, refused=refused)


def _head(point: Point) -> bytes:
    tags = point.tags
    values = tuple(tags.values())
    # Most are plain, and to see that of all at once is quicker than to remember the heads of a large fleet.
    if not (_PLAIN_TAGS("".join(values)) and all(values)):
        values = tuple(map(_text, values))
    return (_template(point.measurement, tuple(tags)) % values).encode()


# Measurements are two, and each has its tags.
@lru_cache(maxsize=64)
def _template(measurement: str, keys: tuple[str, ...]) -> str:
    """Return what becomes the part before the fields with the tags' values in it."""
    return ",".join([measurement.replace("%", "%%"), *(f"{_text(key).replace('%', '%%')}=%s" for key in keys)])


def _text(text: str) -> str:
    if not is_encodable(text):
        raise NoLineError("a tag or key has no encoding in line protocol", found=repr(text))
    return text.translate(_ESCAPES)


def _number(key: str, value: float) -> str:
    if not math.isfinite(value):
        raise NoLineError("a field must be a finite number", where=key, found=str(value))
    return repr(float(value))

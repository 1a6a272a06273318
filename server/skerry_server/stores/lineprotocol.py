"""InfluxDB line protocol: points to bytes.

Escaping follows https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/: a comma, an equals
sign and a space are escaped in tag keys, tag values and field keys; there is no escape for a line end, and a
backslash before a delimiter cannot be told from an escape, so both are refused here and cleaned where tags are made.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from skerry_server.errors import RefusedPointsError
from skerry_server.stores.base import Point

_ESCAPES = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ "})


def encode_points(points: Iterable[Point]) -> bytes:
    """Return one line a point, each with its line end. Raises RefusedPointsError for what has no encoding."""
    return b"".join(encode_point(point) for point in points)


def encode_point(point: Point) -> bytes:
    """Return ``measurement,tags fields time`` with keys sorted. Raises RefusedPointsError."""
    if not point.fields:
        raise RefusedPointsError("a point needs a field", where=point.measurement)
    tags = "".join(f",{_text(key)}={_text(value)}" for key, value in sorted(point.tags.items()))
    fields = ",".join(f"{_text(key)}={_number(key, value)}" for key, value in sorted(point.fields.items()))
    return f"{_text(point.measurement)}{tags} {fields} {point.time_ns}\n".encode()


def is_encodable(text: str) -> bool:
    """Tell whether ``text`` can stand as a tag value or key in a line."""
    return bool(text) and text.isprintable() and "\\" not in text


def _text(text: str) -> str:
    if not is_encodable(text):
        raise RefusedPointsError("a tag or key has no encoding in line protocol", found=repr(text))
    return text.translate(_ESCAPES)


def _number(key: str, value: float) -> str:
    if not math.isfinite(value):
        raise RefusedPointsError("a field must be a finite number", where=key, found=str(value))
    return repr(float(value))

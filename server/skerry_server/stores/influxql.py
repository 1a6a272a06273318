"""Reading from InfluxDB: queries to InfluxQL, and its JSON answers back to points."""

from __future__ import annotations

from typing import Any

import msgspec

from skerry_server.errors import StoreError
from skerry_server.stores.base import TAGS, Measurement, Point, Query

_TAG_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'"})
_NAME_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"'})


class _Series(msgspec.Struct):
    columns: list[str]
    values: list[list[Any]] = msgspec.field(default_factory=list)


class _Result(msgspec.Struct):
    series: list[_Series] = msgspec.field(default_factory=list)
    error: str | None = None


class _Answer(msgspec.Struct):
    results: list[_Result] = msgspec.field(default_factory=list)
    error: str | None = None


_DECODER = msgspec.json.Decoder(_Answer)


def select(query: Query) -> str:
    """Return the InfluxQL statement of ``query``; every value is quoted, whatever it holds."""
    conditions = [f"time >= {query.start_ns}", f"time < {query.stop_ns}"]
    conditions += [f"{name(key)} = '{value.translate(_TAG_ESCAPES)}'" for key, value in sorted(query.tags.items())]
    where = " AND ".join(conditions)
    return f"SELECT * FROM {name(query.measurement)} WHERE {where} ORDER BY time DESC LIMIT {query.limit}"  # noqa: S608  # quoted above; InfluxQL has no parameters for names


def name(text: str) -> str:
    """Return ``text`` as a quoted InfluxQL identifier."""
    return f'"{text.translate(_NAME_ESCAPES)}"'


def read_points(measurement: Measurement, body: bytes, *, where: str) -> list[Point]:
    """Return the points of an answer with ``epoch=ns``, newest first. Raises StoreError where it is no answer."""
    try:
        answer = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreError("the store's answer is not InfluxQL JSON", where=where, found=str(error)) from error
    failed = answer.error or next((one.error for one in answer.results if one.error), None)
    if failed:
        raise StoreError("the store cannot answer the query", where=where, found=failed)
    series = [one for result in answer.results for one in result.series]
    points = [_point(measurement, one.columns, row) for one in series for row in one.values]
    return sorted(points, key=lambda point: point.time_ns, reverse=True)


def _point(measurement: Measurement, columns: list[str], row: list[Any]) -> Point:
    cells = {key: value for key, value in zip(columns, row, strict=True) if value is not None}
    time_ns = cells.pop("time")
    tags = {key: str(cells.pop(key)) for key in TAGS[measurement] if key in cells}
    fields = {key: float(value) for key, value in cells.items() if isinstance(value, int | float)}
    return Point(measurement=measurement, tags=tags, fields=fields, time_ns=time_ns)

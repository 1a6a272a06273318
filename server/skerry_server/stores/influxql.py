"""Reading from InfluxDB: queries to InfluxQL, and its JSON answers back to points."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from skerry_server.errors import StoreError
from skerry_server.stores.archive import WindowQuery
from skerry_server.stores.base import TAGS, Measurement, Point, Query

_TAG_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'"})
_NAME_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"'})


class _Series(msgspec.Struct):
    columns: list[str]
    name: str = ""
    values: list[list[Any]] = msgspec.field(default_factory=list)
    tags: dict[str, str] = msgspec.field(default_factory=dict)


class _Result(msgspec.Struct):
    series: list[_Series] = msgspec.field(default_factory=list)
    error: str | None = None


class _Answer(msgspec.Struct):
    results: list[_Result] = msgspec.field(default_factory=list)
    error: str | None = None


_DECODER = msgspec.json.Decoder(_Answer)


def select(query: Query) -> str:
    """Return the InfluxQL statement of ``query``; every value is quoted, whatever it holds."""
    where = _conditions(query.tags, query.start_ns, query.stop_ns)
    return f"SELECT * FROM {name(query.measurement)} WHERE {where} ORDER BY time DESC LIMIT {query.limit}"  # noqa: S608  # quoted above; InfluxQL has no parameters for names


def select_windows(query: WindowQuery, *, source: str = "", prefix: str = "") -> str:
    """Return the InfluxQL statement of ``query``, one series of windows for each series of points.

    ``source`` is a database and retention policy with their dots; ``prefix`` is what stands before the fields' names.
    Tags are named one by one: a star would have InfluxDB 3 take its fields for tags.
    """
    tags = ", ".join(name(tag) for tag in query.by or TAGS[query.measurement])
    where = _conditions(query.tags, query.start_ns, query.stop_ns)
    return (
        f"SELECT {query.aggregate}({_fields(query.fields, prefix)}) FROM {source}{name(query.measurement)} "  # noqa: S608  # quoted above; InfluxQL has no parameters for names
        f"WHERE {where} GROUP BY time({query.step_ns}ns), {tags} fill(none) ORDER BY time DESC LIMIT {query.limit}"
    )


def name(text: str) -> str:
    """Return ``text`` as a quoted InfluxQL identifier."""
    return f'"{text.translate(_NAME_ESCAPES)}"'


def matching(tags: Mapping[str, str]) -> str:
    """Return the condition that a point has all of ``tags``."""
    return " AND ".join(f"{name(key)} = '{value.translate(_TAG_ESCAPES)}'" for key, value in sorted(tags.items()))


def read_points(measurement: Measurement, body: bytes, *, where: str) -> list[Point]:
    """Return the points of an answer with ``epoch=ns``, newest first. Raises StoreError where it is no answer."""
    series = _series(body, where=where)
    points = [_point(measurement, one.tags, one.columns, row) for one in series for row in one.values]
    return sorted(points, key=lambda point: point.time_ns, reverse=True)


def read_windows(query: WindowQuery, body: bytes, *, where: str, prefix: str = "") -> list[Point]:
    """Return the points of an answer to ``select_windows``, newest first. Raises StoreError where it is no answer."""
    # The function's name comes before that of the field: `mean_cpu_percent`.
    cut = f"{query.aggregate}_{prefix}"
    windows = []
    for one in read_points(query.measurement, body, where=where):
        fields = {key.removeprefix(cut): value for key, value in one.fields.items()}
        if fields:
            windows.append(Point(measurement=one.measurement, tags=one.tags, fields=fields, time_ns=one.time_ns))
    return windows[: query.limit]


def read_rows(body: bytes, *, where: str) -> list[dict[str, Any]]:
    """Return all rows of an answer, by column. Raises StoreError where it is no answer."""
    return [dict(zip(one.columns, row, strict=True)) for one in _series(body, where=where) for row in one.values]


def _series(body: bytes, *, where: str) -> Sequence[_Series]:
    try:
        answer = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreError("the store's answer is not InfluxQL JSON", where=where, found=str(error)) from error
    failed = answer.error or next((one.error for one in answer.results if one.error), None)
    if failed:
        raise StoreError("the store cannot answer the query", where=where, found=failed)
    if any(len(row) != len(one.columns) for result in answer.results for one in result.series for row in one.values):
        raise StoreError("the store's answer has rows that do not fit its columns", where=where)
    return [one for result in answer.results for one in result.series]


def _conditions(tags: Mapping[str, str], start_ns: int, stop_ns: int) -> str:
    times = f"time >= {start_ns} AND time < {stop_ns}"
    return f"{times} AND {matching(tags)}" if tags else times


def _fields(names: Sequence[str], prefix: str) -> str:
    """Return what stands in the brackets of a function: every field, or those with one of ``names``."""
    if not names and not prefix:
        return "*"
    chosen = "|".join(re.escape(one).replace("/", r"\/") for one in names) if names else ".+"
    return f"/^{prefix}({chosen})$/"


def _point(measurement: Measurement, tags: Mapping[str, str], columns: list[str], row: list[Any]) -> Point:
    cells = {key: value for key, value in zip(columns, row, strict=True) if value is not None}
    time_ns = cells.pop("time")
    found = dict(tags) or {key: str(cells.pop(key)) for key in TAGS[measurement] if key in cells}
    fields = {key: float(value) for key, value in cells.items() if isinstance(value, int | float)}
    return Point(measurement=measurement, tags=found, fields=fields, time_ns=time_ns)

"""Reading from VictoriaMetrics: queries to selectors and MetricsQL, and its JSON answers back to points."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from skerry_server.errors import StoreError, TooWideError
from skerry_server.stores.archive import WindowQuery
from skerry_server.stores.base import TAGS, Measurement, Point, Query

NS_PER_MS = 1_000_000
MAX_WINDOWS = 10_000
"""Windows of one series in one answer; the server itself refuses more than 30,000."""
_LABEL_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"'})


class _Export(msgspec.Struct):
    metric: dict[str, str]
    values: list[float | None]
    timestamps: list[int]


class _Range(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]]


class _Data(msgspec.Struct):
    result: list[_Range] = msgspec.field(default_factory=list)


class _Answer(msgspec.Struct):
    status: str
    data: _Data = msgspec.field(default_factory=_Data)
    error: str = ""


_EXPORT = msgspec.json.Decoder(_Export)
_ANSWER = msgspec.json.Decoder(_Answer)
_Samples = Iterable[tuple[Mapping[str, str], int, float]]


def select(query: Query, *, start_ns: int, stop_ns: int) -> dict[str, str]:
    """Return the parameters of ``/api/v1/export`` for a part of ``query``."""
    return {
        "match[]": selector(query.tags, names=f"{query.measurement}_.+"),
        # Both ends belong to what is exported; times are whole milliseconds.
        "start": _seconds(-(-start_ns // NS_PER_MS)),
        "end": _seconds(-(-stop_ns // NS_PER_MS) - 1),
        "reduce_mem_usage": "1",
    }


def select_windows(query: WindowQuery, *, start_ns: int, stop_ns: int) -> dict[str, str]:
    """Return the parameters of ``/api/v1/query_range``. Raises TooWideError.

    A window there is what lies before the moment asked about, its begin left out and its end taken in; so each is asked
    for one millisecond before its end.
    """
    step_ms = max(query.step_ns // NS_PER_MS, 1)
    first_ms = start_ns // NS_PER_MS // step_ms * step_ms + step_ms - 1
    last_ms = (stop_ns - 1) // NS_PER_MS // step_ms * step_ms + step_ms - 1
    if (last_ms - first_ms) // step_ms >= MAX_WINDOWS:
        raise TooWideError(
            "the query has too many windows",
            found=f"{(last_ms - first_ms) // step_ms + 1}",
            todo=f"ask for at most {MAX_WINDOWS}: a shorter range or a longer step",
        )
    fields = "|".join(map(re.escape, query.fields)) or ".+"
    chosen = selector(query.tags, names=f"{query.measurement}_({fields})")
    windows = f"{_FUNCTIONS[query.aggregate]}({chosen}[{step_ms}ms]) keep_metric_names"
    return {
        "query": f"{_TOGETHER[query.aggregate]}({windows}) by (__name__,{','.join(query.by)})" if query.by else windows,
        "start": _seconds(first_ms),
        "end": _seconds(last_ms),
        "step": f"{step_ms}ms",
        # Without it, times are moved to what the server finds cheaper.
        "nocache": "1",
    }


_FUNCTIONS = {"mean": "avg_over_time", "min": "min_over_time", "max": "max_over_time", "last": "last_over_time"}
_TOGETHER = {"mean": "avg", "min": "min", "max": "max"}


def selector(tags: Mapping[str, str], *, names: str) -> str:
    """Return the selector of all series with ``tags`` and a name that the expression ``names`` matches."""
    parts = [f'{key}="{value.translate(_LABEL_ESCAPES)}"' for key, value in sorted(tags.items())]
    name = f'__name__=~"{names.translate(_LABEL_ESCAPES)}"'
    return f"{{{','.join([name, *parts])}}}"


def read_export(measurement: Measurement, body: bytes, *, where: str) -> list[Point]:
    """Return the points of an export, newest first. Raises StoreError where it is none."""
    try:
        rows = [_EXPORT.decode(line) for line in body.splitlines() if line]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreError("the store's answer is no export", where=where, found=str(error)) from error
    return _points(
        measurement,
        (
            (row.metric, time_ms, value)
            for row in rows
            for time_ms, value in zip(row.timestamps, row.values, strict=False)
            if value is not None
        ),
    )


def read_range(query: WindowQuery, body: bytes, *, where: str) -> list[Point]:
    """Return one point for each series and window, newest first. Raises StoreError where it is no answer."""
    try:
        answer = _ANSWER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreError("the store's answer is no range of values", where=where, found=str(error)) from error
    if answer.status != "success":
        raise StoreError("the store cannot answer the query", where=where, found=answer.error)
    step_ms = max(query.step_ns // NS_PER_MS, 1)
    samples = (
        (row.metric, round(time_s * 1000) + 1 - step_ms, float(value))
        for row in answer.data.result
        for time_s, value in row.values
    )
    return _points(query.measurement, samples)[: query.limit]


def _points(measurement: Measurement, samples: _Samples) -> list[Point]:
    """Put samples back together to points by their labels and time, newest first.

    Of several values of one metric and millisecond, as a message sent twice leaves them, the greatest counts.
    """
    found: dict[tuple[tuple[str, ...], int], dict[str, Any]] = {}
    prefix = f"{measurement}_"
    for metric, time_ms, value in samples:
        tags = tuple(metric.get(tag, "") for tag in TAGS[measurement])
        fields = found.setdefault((tags, time_ms), {})
        name = metric.get("__name__", "").removeprefix(prefix)
        fields[name] = max(value, fields.get(name, value))
    return [
        Point(
            measurement=measurement,
            tags={tag: text for tag, text in zip(TAGS[measurement], tags, strict=True) if text},
            fields=fields,
            time_ns=time_ms * NS_PER_MS,
        )
        for (tags, time_ms), fields in sorted(found.items(), key=lambda one: one[0][1], reverse=True)
    ]


def _seconds(time_ms: int) -> str:
    return f"{time_ms // 1000}.{time_ms % 1000:03d}"

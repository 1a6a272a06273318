"""The two forms of InfluxQL's SELECT that the server sends, answered from the stand-in's memory."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from skerry_server.stores.stand_in.series import Series, Value

_TIMES = r'FROM "(?P<measurement>\w+)" WHERE time >= (?P<start>\d+) AND time < (?P<stop>\d+)(?P<conditions>.*?)'
_POINTS = re.compile(rf"SELECT \* {_TIMES} ORDER BY time DESC LIMIT (?P<limit>\d+)")
_WINDOWS = re.compile(
    rf"SELECT (?P<function>mean|min|max|last)\((?P<fields>\*|/.*/)\) {_TIMES} "
    r"GROUP BY time\((?P<step>\d+)ns\), (?P<tags>.*?) fill\(none\) ORDER BY time DESC LIMIT (?P<limit>\d+)"
)
_CONDITION = re.compile(r" AND \"(\w+)\" = '((?:[^'\\]|\\.)*)'")
_FUNCTIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "mean": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
    "last": lambda values: values[-1],
}
_Tags = tuple[tuple[str, str], ...]


def answer(statement: str, series: Series) -> dict[str, Any]:
    """Return the JSON of ``/query``."""
    if matched := _POINTS.fullmatch(statement):
        found = _points(matched, series)
    elif matched := _WINDOWS.fullmatch(statement):
        found = _windows(matched, series)
    else:
        return {"error": f"error parsing query: {statement!r} is none that the stand-in knows"}
    result: dict[str, Any] = {"statement_id": 0}
    return {"results": [{**result, "series": found} if found else result]}


def _points(matched: re.Match[str], series: Series) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"time": time_ns, **dict(tags), **fields} for tags, time_ns, fields in _chosen(matched, series)
    ]
    rows = sorted(rows, key=itemgetter("time"), reverse=True)[: int(matched["limit"])]
    return [_table(matched["measurement"], rows)] if rows else []


def _windows(matched: re.Match[str], series: Series) -> list[dict[str, Any]]:
    wanted = re.compile(".*" if matched["fields"] == "*" else matched["fields"].strip("/"))
    step_ns, function = int(matched["step"]), matched["function"]
    by = re.findall(r'"(\w+)"', matched["tags"])
    grouped: dict[_Tags, dict[int, dict[str, list[float]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for tags, time_ns, fields in sorted(_chosen(matched, series), key=lambda one: one[1]):
        for name, value in fields.items():
            if isinstance(value, float) and wanted.search(name):
                group = tuple((key, dict(tags).get(key, "")) for key in by)
                grouped[group][time_ns // step_ns * step_ns][name].append(value)
    tables = []
    for tags, windows in grouped.items():
        rows = [
            {"time": begin, **{f"{function}_{name}": _FUNCTIONS[function](values) for name, values in fields.items()}}
            for begin, fields in sorted(windows.items(), reverse=True)
        ]
        tables.append({**_table(matched["measurement"], rows[: int(matched["limit"])]), "tags": dict(tags)})
    return tables


def _chosen(matched: re.Match[str], series: Series) -> Iterator[tuple[_Tags, int, dict[str, Value]]]:
    wanted = {key: re.sub(r"\\(.)", r"\1", value) for key, value in _CONDITION.findall(matched["conditions"])}
    start, stop = int(matched["start"]), int(matched["stop"])
    for (measurement, tags, time_ns), fields in series.points.items():
        if measurement == matched["measurement"] and start <= time_ns < stop and wanted.items() <= dict(tags).items():
            yield tags, time_ns, fields


def _table(measurement: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    columns = ["time", *sorted({key for row in rows for key in row} - {"time"})]
    return {
        "name": measurement,
        "columns": columns,
        "values": [[row.get(column) for column in columns] for row in rows],
    }

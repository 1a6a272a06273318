"""Rows of the embedded store: fields to compact JSON and back, and the numbers that stand for series and layouts."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from skerry_server.stores.base import TAGS, Measurement, Point
from skerry_server.stores.summaries import Summaries, Summary

MAX_LAYOUTS = 4_096
"""Sets of field names that get a number; names come from devices, so there may be any number of them."""
MAX_REMEMBERED = 100_000
_JSON = msgspec.json.Encoder()
_ROW = msgspec.json.Decoder(list[Any] | dict[str, float])
_TAGS = msgspec.json.Decoder(dict[str, str])
_NAMES = msgspec.json.Decoder(tuple[str, ...])
_INSERT_SERIES = "INSERT INTO series (measurement, tags) VALUES (?, ?) ON CONFLICT DO NOTHING"
_FIND_SERIES = "SELECT id FROM series WHERE measurement = ? AND tags = ?"
_INSERT_LAYOUT = "INSERT INTO layouts (names) VALUES (?) ON CONFLICT DO NOTHING"
_FIND_LAYOUT = "SELECT id FROM layouts WHERE names = ?"


class Numbers:
    """The numbers of series and layouts as one transaction knows them; to be dropped where it is rolled back."""

    def __init__(self, *, erasures: int) -> None:
        self.erasures = erasures
        self._series: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
        self._layouts: dict[tuple[str, ...], int | None] = {}

    def series(self, connection: sqlite3.Connection, measurement: str, tags: Mapping[str, str]) -> int:
        """Return the number of a series, a new one where there is none."""
        key = (measurement, tuple(tags.items()))
        number = self._series.get(key)
        if number is None:
            if len(self._series) >= MAX_REMEMBERED:
                self._series.clear()
            row = (measurement, _JSON.encode(dict(sorted(tags.items()))).decode())
            connection.execute(_INSERT_SERIES, row)
            (number,) = connection.execute(_FIND_SERIES, row).fetchone()
            self._series[key] = number
        return number

    def layout(self, connection: sqlite3.Connection, names: tuple[str, ...]) -> int | None:
        """Return the number of a set of names, a new one where there is none; None where there are too many."""
        if names in self._layouts:
            return self._layouts[names]
        row = (_JSON.encode(names).decode(),)
        found = connection.execute(_FIND_LAYOUT, row).fetchone()
        if found is None and connection.execute("SELECT count(*) FROM layouts").fetchone()[0] < MAX_LAYOUTS:
            connection.execute(_INSERT_LAYOUT, row)
            found = connection.execute(_FIND_LAYOUT, row).fetchone()
        if len(self._layouts) >= MAX_REMEMBERED:
            self._layouts.clear()
        self._layouts[names] = number = None if found is None else found[0]
        return number


def pack(fields: Mapping[str, float], layout: int | None) -> str:
    """Return the JSON of a point's fields; a number that is none becomes ``null`` in it."""
    return _JSON.encode(dict(fields) if layout is None else [layout, *fields.values()]).decode()


def pack_summaries(summaries: Summaries, layout: int | None) -> str:
    """Return the JSON of a roll-up."""
    parts = list(summaries.values())
    columns = [[getattr(one, name) for one in parts] for name in ("count", "mean", "min", "max", "last")]
    return _JSON.encode([layout if layout is not None else list(summaries), *columns]).decode()


class Names:
    """The names of layouts, read when first needed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._names: dict[int, tuple[str, ...]] = {}

    def fields(self, text: str) -> dict[str, float]:
        """Return a point's fields from their JSON."""
        row = _ROW.decode(text)
        if isinstance(row, dict):
            return row
        return dict(zip(self._of(row[0]), map(float, row[1:]), strict=True))

    def summaries(self, text: str, time_ns: int) -> Summaries:
        """Return a roll-up from its JSON and the begin of its window."""
        layout, *columns = _ROW.decode(text)
        names = layout if isinstance(layout, list) else self._of(layout)
        return {
            name: Summary(count=count, mean=mean, min=least, max=most, last=last, last_ns=time_ns)
            for name, count, mean, least, most, last in zip(names, *columns, strict=True)
        }

    def _of(self, layout: int) -> tuple[str, ...]:
        if layout not in self._names:
            (text,) = self._connection.execute("SELECT names FROM layouts WHERE id = ?", (layout,)).fetchone()
            self._names[layout] = _NAMES.decode(text)
        return self._names[layout]


def having(measurement: Measurement | None, tags: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return the condition on ``series`` for a measurement and tags, and its values. Raises ValueError for no tag."""
    known = {key for keys in TAGS.values() for key in keys}
    if not tags.keys() <= known:
        raise ValueError(f"no tags of a measurement: {sorted(tags.keys() - known)}")
    # A path as a parameter would keep SQLite from using the index; these are our own words.
    conditions = [f"json_extract(series.tags, '$.{key}') = ?" for key in tags]
    values = list(tags.values())
    if measurement is not None:
        conditions.insert(0, "series.measurement = ?")
        values.insert(0, measurement)
    return " AND ".join(conditions) or "1", values


def shared_tags(tags: str, by: Sequence[str]) -> str:
    """Return of a series' JSON tags those that ``by`` names, all where it names none."""
    if not by:
        return tags
    known = _TAGS.decode(tags)
    return _JSON.encode({key: known[key] for key in by if key in known}).decode()


def point(measurement: Measurement, tags: str, time_ns: int, fields: Mapping[str, float]) -> Point:
    """Return a point from its series' JSON tags."""
    return Point(measurement=measurement, tags=_TAGS.decode(tags), fields=fields, time_ns=time_ns)

"""The stand-in's memory: lines taken in or refused one by one, as InfluxDB documents it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Value = float | str


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line that could be read."""

    measurement: str
    tags: tuple[tuple[str, str], ...]
    fields: Mapping[str, Value]
    time_ns: int


@dataclass(kw_only=True, slots=True)
class Refused:
    """Why one line, counted from 1, was not taken."""

    number: int
    text: str
    reason: str


@dataclass(kw_only=True)
class Series:
    """Points of one database or bucket; ``kept_since_ns`` bounds how old they may be."""

    kept_since_ns: int = 0
    points: dict[tuple[str, tuple[tuple[str, str], ...], int], dict[str, Value]] = field(default_factory=dict)
    _types: dict[tuple[str, str], str] = field(default_factory=dict)

    def take(self, lines: Iterable[tuple[int, Line]]) -> list[Refused]:
        """Keep all ``lines``, given with their numbers, but those with a field of another type or too old a time."""
        refused = []
        for number, line in lines:
            reason = self._reason(line)
            if reason is None:
                key = (line.measurement, line.tags, line.time_ns)
                self.points.setdefault(key, {}).update(line.fields)
                self._types |= {(line.measurement, name): _type(value) for name, value in line.fields.items()}
            else:
                refused.append(Refused(number=number, text=line.measurement, reason=reason))
        return refused

    def erase(self, measurement: str, tags: Mapping[str, str]) -> None:
        """Forget all points of ``measurement`` with ``tags``."""
        gone = [key for key in self.points if key[0] == measurement and tags.items() <= dict(key[1]).items()]
        for key in gone:
            del self.points[key]

    def _reason(self, line: Line) -> str | None:
        if line.time_ns < self.kept_since_ns:
            return "points beyond retention policy"
        for name, value in line.fields.items():
            have, found = self._types.get((line.measurement, name)), _type(value)
            if have not in (None, found):
                return (
                    f'field type conflict: input field "{name}" on measurement "{line.measurement}" is type {found}, '
                    f"already exists as type {have}"
                )
        return None


def _type(value: Value) -> str:
    return "float" if isinstance(value, float) else "string"


def parse(text: str) -> Line:
    """Return a line of line protocol. Raises ValueError with the reason."""
    parts = _split(text, " ")
    if len(parts) != 3:
        raise ValueError("missing fields" if len(parts) < 3 else "bad timestamp")
    measurement, *tags = _split(parts[0], ",")
    pairs = [[_plain(part) for part in _split(tag, "=")] for tag in tags]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise ValueError("missing tag value")
    fields = {}
    for one in _split(parts[1], ","):
        name, _, value = one.partition("=")
        fields[_plain(name)] = value.strip('"') if value.startswith('"') else _number(value)
    if not parts[2].lstrip("-").isdecimal():
        raise ValueError("bad timestamp")
    return Line(
        measurement=_plain(measurement),
        tags=tuple(sorted((key, value) for key, value in pairs)),
        fields=fields,
        time_ns=int(parts[2]),
    )


def _number(text: str) -> float:
    if not re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", text):
        raise ValueError("invalid number")
    return float(text)


def _split(text: str, at: str) -> list[str]:
    return re.split(rf"(?<!\\){at}", text)


def _plain(text: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", text)

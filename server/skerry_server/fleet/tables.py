"""Rows as tables that are readable on 80 columns, and times as people say them. Pure but for the clock given."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

NOTHING = "-"
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_COLOURS = {
    "online": "green",
    "done": "green",
    "applied": "green",
    "resolved": "green",
    "degraded": "yellow",
    "acknowledged": "yellow",
    "waiting": "yellow",
    "staged": "yellow",
    "offline": "red",
    "failed": "red",
    "refused": "red",
    "expired": "red",
    "firing": "red",
    "critical": "red",
}

Row = Mapping[str, Any]
Columns = Mapping[str, Callable[[Row], object]]


def table(columns: Columns, rows: Sequence[Row], *, wraps: Collection[str] = ()) -> Table:
    """Return a table with a column for each of ``columns``: its title, and what it shows of a row.

    The last column and those of ``wraps`` are of many words: they may take several lines, the others stay on one.
    """
    made = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    last = list(columns)[-1]
    for title in columns:
        is_long = title == last or title in wraps
        made.add_column(title, overflow="fold", no_wrap=not is_long, ratio=1 if title == last else None)
    for row in rows:
        made.add_row(*(cell(show(row)) for show in columns.values()))
    return made


def facts(values: Mapping[str, object]) -> Table:
    """Return names and values, one a line."""
    made = Table(box=None, pad_edge=False, show_header=False, show_edge=False)
    made.add_column(no_wrap=True, style="bold")
    made.add_column(overflow="fold")
    for name, value in values.items():
        made.add_row(name, cell(value))
    return made


def cell(value: object) -> Text:
    """Return a value as text: what comes from devices is never taken for markup or for control of the terminal."""
    if value is None or value in ("", [], {}):
        return Text(NOTHING, style="dim")
    shown = printable(_shown(value))
    return Text(shown, style=_COLOURS.get(shown, ""))


def printable(text: str) -> str:
    """Return ``text`` with what could control a terminal replaced."""
    return "".join(char if char.isprintable() or char == "\n" else "\ufffd" for char in text)


def ago(then_ms: int | None, *, now_ms: int) -> str | None:
    """Return how long ago ``then_ms`` was, in the largest whole unit."""
    if then_ms is None:
        return None
    elapsed_s = (now_ms - then_ms) // 1000
    for seconds, unit in _STEPS:
        if elapsed_s >= seconds:
            return f"{elapsed_s // seconds} {unit} ago"
    return "now"


def moment(ts_ms: int | None) -> str | None:
    """Return a time of this machine's zone."""
    return None if ts_ms is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(ts_ms / 1000))


def _pair(key: str, value: object) -> str:
    if key.endswith("_ms") and isinstance(value, int):
        return f"{key.removesuffix('_ms')}={moment(value)}"
    return f"{key}={json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping) else _shown(value)}"


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(_pair(key, one) for key, one in value.items() if one is not None)
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)

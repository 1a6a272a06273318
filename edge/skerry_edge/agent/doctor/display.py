"""Findings as text for people: what needs doing in full, the rest in brief, the verdict last."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import click

from skerry_edge.agent.doctor.findings import Finding, Status

_COLOURS: dict[Status, str] = {"ok": "green", "warning": "yellow", "failed": "red"}
_LEAST_COLUMNS = 40


def lines(findings: Sequence[Finding], columns: int) -> Iterator[str]:
    """Give the lines for a terminal of so many columns; what does not apply here is named on one of them."""
    shown = [one for one in findings if one.status != "not applicable"]
    for one in shown:
        yield from _told(one, max(columns, _LEAST_COLUMNS))
    rest = [one.name for one in findings if one.status == "not applicable"]
    if rest:
        yield ""
        yield from textwrap.wrap(f"not applicable here: {', '.join(rest)}", max(columns, _LEAST_COLUMNS))
    counts = ", ".join(f"{sum(one.status == status for one in shown)} {status}" for status in _COLOURS)
    yield ""
    yield counts


def _told(one: Finding, columns: int) -> Iterator[str]:
    status = f"{one.status:<8}"
    indent = " " * len(status)
    first, *more = _wrapped(f"{one.name}: {one.found}", columns, indent) or [indent]
    yield click.style(status, fg=_COLOURS[one.status]) + first[len(indent) :]
    yield from more
    if one.todo and one.status != "ok":
        yield from _wrapped(f"-> {one.todo}", columns, indent)


def _wrapped(text: str, columns: int, indent: str) -> list[str]:
    # Paths and commands are there to be copied: they are broken between words alone.
    return textwrap.wrap(
        text,
        columns,
        initial_indent=indent,
        subsequent_indent=indent + "   ",
        break_long_words=False,
        break_on_hyphens=False,
    )

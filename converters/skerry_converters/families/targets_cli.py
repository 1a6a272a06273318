"""`--targets`: what converts to what, for people, as JSON, or as the table of the README."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from skerry_converters.families.table import Row


def run_targets(*, as_json: bool, as_markdown: bool) -> None:
    """Print the table of targets; ``as_markdown`` leaves out what differs from machine to machine."""
    from skerry_converters.families.table import rows  # noqa: PLC0415  # numpy; --help stays fast

    table = list(rows())
    if as_json:
        click.echo(json.dumps({"targets": [_as_json(row) for row in table]}, ensure_ascii=False))
    elif as_markdown:
        click.echo("\n".join(markdown(table)))
    else:
        _print(table)


def markdown(table: list[Row]) -> Iterator[str]:
    """Yield the lines of the table in Markdown, the same on every machine."""
    headings, *lines = _cells(table)
    yield _line(headings)
    yield _line(["---"] * len(headings))
    yield from map(_line, lines)


def _cells(table: list[Row]) -> list[list[str]]:
    from skerry_converters.sources.kinds import KINDS  # noqa: PLC0415  # --help stays fast

    headings = ["target", "checked with", "calibration", *(f"from {kind.title}" for kind in KINDS)]
    lines = [
        [
            row.target.name,
            row.runtime,
            _calibration(row),
            *(row.cell(kind) for kind in KINDS),
        ]
        for row in table
    ]
    return [headings, *lines]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _as_json(row: Row) -> dict[str, Any]:
    target = row.target
    missing = row.unavailable()
    return {
        "name": target.name,
        "format": target.format,
        "precision": target.precision,
        "calibrated": target.calibrated,
        "backend": target.backend,
        "lacking": row.lacking(),
        "sources": {
            route.kind.title: {"tools": list(route.tools), "unavailable": missing.get(route.kind.title)}
            for route in row.routes
        },
    }


def _print(table: list[Row]) -> None:
    from rich.console import Console  # noqa: PLC0415  # --help stays fast
    from rich.table import Table  # noqa: PLC0415  # as above

    shown = Table(show_lines=True)
    for place, heading in enumerate(("target", "checked with", "calibration", "made from, by", "here")):
        shown.add_column(heading, no_wrap=place != 3)
    missing = [row.unavailable() for row in table]
    for row, reasons in zip(table, missing, strict=True):
        ways = "\n".join(f"{', '.join(titles)}: {tools}" for tools, titles in _ways(row).items())
        shown.add_row(row.target.name, row.runtime, _calibration(row), ways, _here(len(row.routes), len(reasons)))
    Console().print(shown)
    for reason in _reasons(table, missing):
        click.echo(reason)


def _ways(row: Row) -> dict[str, list[str]]:
    """Return the titles of the kinds of source by the tools that are used for them."""
    found: dict[str, list[str]] = {}
    for route in row.routes:
        found.setdefault(row.cell(route.kind), []).append(route.kind.title)
    return found


def _calibration(row: Row) -> str:
    return "needed" if row.target.calibrated else "no"


def _here(ways: int, missing: int) -> str:
    if not missing:
        return "yes"
    return "no" if missing == ways else "in part"


def _reasons(table: list[Row], missing: list[dict[str, str]]) -> Iterator[str]:
    """Yield one line for each reason, with the targets and the kinds of source that it holds for, then what lacks."""
    found: dict[str, dict[str, list[str]]] = {}
    for row, reasons in zip(table, missing, strict=True):
        for title, reason in reasons.items():
            found.setdefault(reason, {}).setdefault(title, []).append(row.target.name)
    for reason, kinds in found.items():
        names = dict.fromkeys(name for names in kinds.values() for name in names)
        yield f"{', '.join(names)} from {', '.join(kinds)}: {reason}"
    yield from (f"{row.target.name}: {row.lacking()}" for row in table if row.lacking())

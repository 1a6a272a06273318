"""`--explain edgetpu`: what becomes of each operator of a `.tflite` file, for people or as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from skerry_converters.edgetpu.explanation import Explanation, OperatorFate


def run_explain(path: Path, *, as_json: bool, multiple_subgraphs: bool = False) -> None:
    """Print what the Edge TPU compiler will map of ``path``: a table, or one JSON object.

    Raises what `explain` raises.
    """
    from skerry_converters.edgetpu.predict import explain  # noqa: PLC0415  # numpy; --help stays fast

    explanation = explain(path, multiple_subgraphs=multiple_subgraphs)
    if as_json:
        click.echo(json.dumps({"file": str(path), **explanation.to_json()}, ensure_ascii=False))
        return
    from rich.console import Console  # noqa: PLC0415  # --help stays fast

    print_explanation(explanation, Console(), title=path.name)


def print_explanation(explanation: Explanation, console: Console, *, title: str) -> None:
    """Print an explanation as a table with its sums below."""
    console.print(explanation_table(explanation, title=title))
    for line in summary(explanation):
        console.print(line, markup=False, highlight=False)


def explanation_table(explanation: Explanation, *, title: str) -> RenderableType:
    """Return the operators as a table: number, name, share of the multiply-accumulates, where it runs, why."""
    from rich.table import Table  # noqa: PLC0415  # --help stays fast
    from rich.text import Text  # noqa: PLC0415  # as above

    table = Table(title=Text(f"{title}: {explanation.source}"), title_justify="left")
    for heading, justify in (
        ("#", "right"),
        ("operator", "left"),
        ("MACs", "right"),
        ("runs on", "left"),
        ("why", "left"),
    ):
        table.add_column(heading, justify=justify, overflow="fold")  # type: ignore[arg-type]  # a literal
    for one in explanation.operators:
        # Names and reasons come out of a file: text, never markup.
        table.add_row(*(Text(cell) for cell in _cells(one, explanation.macs)), style=None if one.mapped else "yellow")
    return table


def summary(explanation: Explanation) -> list[str]:
    """Return the sums and notes, one a line."""
    counted = f"{explanation.mapped_operators} of {len(explanation.operators)} operators run on the Edge TPU"
    share = f"{explanation.mapped_macs_share:.1%} of the multiply-accumulates"
    verdict = "fit" if explanation.fits_on_chip else "do not fit"
    parameters = f"their parameters, {explanation.parameter_bytes / 2**20:.2f} MiB, {verdict} the 8 MiB on the chip"
    return [f"{counted}, {share}", parameters, *explanation.notes]


def _cells(one: OperatorFate, macs: int) -> tuple[str, str, str, str, str]:
    place = f"{one.index}" if one.subgraph == 0 else f"{one.subgraph}.{one.index}"
    name = f"{one.name} {one.custom_code}".strip()
    share = f"{one.macs / macs:.1%}" if one.macs else ""
    return place, name, share, "Edge TPU" if one.mapped else "CPU", one.reason or ""

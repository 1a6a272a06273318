"""`skerry inspect`: what a bundle holds, whether it is intact, and whether it computes here what it should."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from skerry_edge.models.inspection import Inspection

EPILOG = """\
\b
Examples:
  skerry inspect model.skerry
  skerry inspect model.skerry --verify
  skerry inspect skerry-signs --json | jq '.manifest.variants | keys'

\b
Exit codes:
  0  every file is what the manifest says, and every variant that was run passed
  1  a variant does not compute here what it computed when it was made
  2  wrong usage, or no such model
  4  no bundle, or a file in it is damaged
"""


@click.command(epilog=EPILOG)
@click.argument("model")
@click.option("--verify", is_flag=True, help="Run each variant that this machine can run on the golden input as well.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest and the checks as JSON.")
def inspect(*, model: str, verify: bool, as_json: bool) -> None:
    """Show what a bundle holds, and check it.

    MODEL is a bundle (a *.skerry file or a directory) or the name of a model that Skerry ships.

    Every file is held against the hash in the manifest. With --verify each variant is run on the golden input and its
    outputs are compared with those of when it was made: they must agree to 60 dB for fp32, 40 dB for fp16 and 20 dB
    for integers, which other processors round differently.
    """
    from skerry_edge.models.catalogue import resolve_model  # noqa: PLC0415  # --help stays fast
    from skerry_edge.models.inspection import inspect_bundle, verify_variants  # noqa: PLC0415  # numpy

    path = resolve_model(model)
    inspection = inspect_bundle(path)
    if verify and not any(one.problem for one in inspection.files):
        with _progress(len(inspection.manifest.variants)) as progress:
            inspection = dataclasses.replace(inspection, variants=verify_variants(path, progress))
    if as_json:
        from skerry_edge.models.showing import as_plain  # noqa: PLC0415  # --help stays fast

        click.echo(json.dumps(as_plain(inspection), ensure_ascii=False))
    else:
        _print(inspection)
    inspection.require_success()


def _print(inspection: Inspection) -> None:
    from rich.console import Console  # noqa: PLC0415  # --help stays fast

    from skerry_edge.models.showing import tables  # noqa: PLC0415  # as above

    console = Console()
    for table in tables(inspection):
        console.print(table)


@contextmanager
def _progress(variants: int) -> Iterator[Callable[[str], None]]:
    """Show which variant is run, on stderr where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _name: None
        return
    from rich.console import Console  # noqa: PLC0415  # --help stays fast
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415  # as above

    columns = (BarColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=variants)
        yield lambda name: bar.update(task, description=f"running {name}", advance=1)

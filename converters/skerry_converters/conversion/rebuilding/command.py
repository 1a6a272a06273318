"""`skerry convert --verify-rebuild`: a bundle made again and held against itself."""

from __future__ import annotations

import json
from pathlib import Path

import click

from skerry_converters.conversion.rebuilding import showing
from skerry_converters.conversion.rebuilding.job import RebuildOrder, rebuild
from skerry_converters.conversion.terminal import shown_progress
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.models.catalogue import resolve_model
from skerry_edge.models.inspection import inspect_bundle


def run_verify_rebuild(model: str, *, source_root: Path | None, data_root: Path | None, as_json: bool) -> None:
    """Make the bundle ``model`` again and print the comparison; roots of None are the bundle's own folder.

    Raises what `rebuild` raises, BundleError for a damaged bundle, VerdictError where a file came out differently.
    """
    path = resolve_model(model)
    inspect_bundle(path).require_success()
    root = source_root or path.resolve().parent
    order = RebuildOrder(bundle=Bundle.open(path), source_root=root, data_root=data_root or root)
    with shown_progress() as progress:
        comparison = rebuild(order, progress)
    if as_json:
        click.echo(json.dumps(showing.as_json(comparison, str(path)), ensure_ascii=False))
    else:
        for line in showing.as_lines(comparison):
            click.echo(line)
    comparison.require_identical(str(path))

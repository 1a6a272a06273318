"""`skerry server spool status`: what waits on disk for store and registry."""

from __future__ import annotations

import json
from pathlib import Path

import click

from skerry_server.registry.cli.opening import config_option, json_option


@click.group()
def spool() -> None:
    """Look at what waits on disk for store and registry."""


@spool.command(
    epilog="""\b
Examples:
  skerry server spool status
  skerry server spool status --config /etc/skerry/server.toml --json

Every file is read and its checksums are tried, beside a server that may run. Bytes are torn where a process was killed
while it wrote: what they were was never acknowledged, and the broker sends it again. Damaged bytes lie between whole
messages, and what they were is lost. A file that could not be read at all was given the name '*.unreadable'.

\b
Exit codes:
  0  told
  1  something in the spool is damaged
  2  wrong usage or configuration
  4  the folder cannot be read
"""
)
@config_option
@json_option
def status(*, config: Path | None, as_json: bool) -> None:
    """Tell, for each worker with a spool on this machine, what is in it."""
    from skerry_edge.foundation.errors import VerdictError  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.config.server import load_settings  # noqa: PLC0415  # as above
    from skerry_server.spool.inspection import inspect_spools  # noqa: PLC0415  # as above

    settings = load_settings(config)
    found = inspect_spools(settings.spool_folder.parent, budget_bytes=settings.config.ingest.spool_mb * 1_000_000)
    if as_json:
        click.echo(json.dumps([one.to_json() for one in found]))
    elif not found:
        click.echo(f"nothing is spooled in {settings.spool_folder.parent}")
    else:
        for one in found:
            click.echo(one.line())
    damaged = [one for one in found if one.is_damaged]
    if damaged:
        raise VerdictError(
            "a spool is damaged",
            where=", ".join(str(one.folder) for one in damaged),
            todo="look at the disk; what could be read is brought in all the same",
        )

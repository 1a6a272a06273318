"""`skerry server spool`: what waits on disk for store and registry, and bringing back what could not be read."""

from __future__ import annotations

import json
from pathlib import Path

import click

from skerry_server.registry.cli.opening import config_option, json_option


@click.group()
def spool() -> None:
    """Look at what waits on disk for store and registry, and bring back what could not be read."""


@spool.command(
    epilog="""\b
Examples:
  skerry server spool status
  skerry server spool status --config /etc/skerry/server.toml --json

Every file is read and its checksums are tried, beside a server that may run. Bytes are torn where a process was killed
while it wrote: what they were was never acknowledged, and the broker sends it again. Damaged bytes lie between whole
messages, and what they were is lost. A file that could not be read at all was given the name '*.unreadable';
'skerry server spool take-back' brings it in when the disk gives it again.

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


@spool.command(
    name="take-back",
    epilog="""\b
Examples:
  skerry server spool take-back
  skerry server spool take-back --config /etc/skerry/server.toml --json

A file that could not be read for a quarter of a minute was set aside, under the name '*.unreadable', so that it stopped
no other. What was wrong may have passed: too many open files, a cable, permissions. Each file that can be read now gets
its name back; a worker that runs brings it in within seconds of owing nothing else, another at its next start. What is
stored already is not stored twice.

\b
Exit codes:
  0  all that was set aside is back, or nothing was
  1  some files still cannot be read
  2  wrong usage or configuration
  4  a folder cannot be read or written
""",
)
@config_option
@json_option
def take_back_(*, config: Path | None, as_json: bool) -> None:
    """Have the files that were set aside brought in after all."""
    from skerry_edge.foundation.errors import VerdictError  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.config.server import load_settings  # noqa: PLC0415  # as above
    from skerry_server.spool.returning import take_back  # noqa: PLC0415  # as above

    tried = take_back(load_settings(config).spool_folder.parent)
    if as_json:
        click.echo(json.dumps([one.to_json() for one in tried]))
    else:
        for one in tried:
            click.echo(one.line())
        click.echo(f"{sum(one.error is None for one in tried)} of {len(tried)} files are back")
    failed = [one for one in tried if one.error is not None]
    if failed:
        raise VerdictError(
            "some files of the spool still cannot be read", found=str(len(failed)), todo="look at the disk"
        )

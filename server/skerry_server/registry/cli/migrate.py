"""`skerry server migrate`: the registry's tables brought up to this version."""

from __future__ import annotations

from pathlib import Path

import click

from skerry_server.registry.cli.opening import config_option, json_option


@click.command(
    epilog="""\b
Examples:
  skerry server migrate --dry-run
  skerry server migrate --config /etc/skerry/server.toml
  skerry server migrate --json

A server does this by itself when it starts. Do it beforehand where many servers share a PostgreSQL database, or to
see first what will be done. All steps are taken in one transaction: the tables are either of the new version or of
the old one. What there is in them is kept; make a backup first nevertheless, since there is no way back but that.

\b
Exit codes:
  0  the tables are of this version, or --dry-run has told what is to be done
  2  wrong configuration, or the tables are of a later version of Skerry
  4  the database does not answer or is locked
"""
)
@config_option
@click.option("--dry-run", is_flag=True, help="Tell what would be done, and do nothing.")
@json_option
def migrate(*, config: Path | None, dry_run: bool, as_json: bool) -> None:
    """Bring the registry's tables up to this version of Skerry."""
    import msgspec  # noqa: PLC0415  # keeps `--help` fast

    from skerry_server.config.server import load_settings  # noqa: PLC0415  # as above
    from skerry_server.registry import schema  # noqa: PLC0415  # as above
    from skerry_server.registry.opening import open_registry  # noqa: PLC0415  # as above

    database = open_registry(load_settings(config))
    try:
        steps = database.pending() if dry_run else database.migrate()
    finally:
        database.close()
    if as_json:
        outcome = {"registry": database.where, "version": schema.newest(), "applied": not dry_run, "steps": steps}
        click.echo(msgspec.json.encode(outcome).decode())
        return
    click.echo(f"registry  {database.where}")
    click.echo(f"version   {schema.newest()}")
    for step in steps:
        click.echo(f"{'to do' if dry_run else 'done':9} {step.revision}: {step.title}")
    if not steps:
        click.echo("the tables are of this version; there is nothing to do")

"""`skerry server audit verify`: whether the record of what people changed is as it was written."""

from __future__ import annotations

import re
from pathlib import Path

import click

from skerry_server.registry.cli.opening import config_option, json_option


def _hash(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    text = value.strip().lower()
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise click.BadParameter("a hash has 64 hexadecimal digits")
    return text


@click.group()
def audit() -> None:
    """Look after the record of what people changed."""


@audit.command(
    epilog="""\b
Examples:
  skerry server audit verify
  skerry server audit verify --expect 5f0c...e1
  skerry server audit verify --json | jq -r .hash >> /mnt/elsewhere/audit-hashes

Each row has a SHA-256 over its content and the hash of the row before, so a row that was changed, deleted, inserted
or moved breaks the chain there, and is named. The newest hash is also kept beside the table, so that rows cut off
its end are missed.

Whoever may write to the database can write all of it anew, hashes included. Against that, note the newest hash
somewhere else now and then (this command prints it), and give it with --expect: it must be that of some row.

\b
Exit codes:
  0  the chain holds
  1  it is broken, or has no row with the hash that was expected
  2  wrong usage or configuration
  4  the database does not answer
"""
)
@config_option
@click.option("--expect", metavar="HASH", help="A hash that was noted before: 64 hexadecimal digits.", callback=_hash)
@json_option
def verify(*, config: Path | None, expect: str | None, as_json: bool) -> None:
    """Follow the chain of the audit and name every break in it."""
    import msgspec  # noqa: PLC0415  # keeps `--help` fast

    from skerry_edge.foundation.errors import VerdictError  # noqa: PLC0415  # as above
    from skerry_server.config.server import load_settings  # noqa: PLC0415  # as above
    from skerry_server.registry.audit.chain import verify as follow  # noqa: PLC0415  # as above
    from skerry_server.registry.opening import open_present_registry  # noqa: PLC0415  # as above

    database = open_present_registry(load_settings(config))
    try:
        with database.reading() as session:
            verified = follow(session, expected_hash=expect)
    finally:
        database.close()
    if as_json:
        click.echo(msgspec.json.encode(verified).decode())
    else:
        click.echo(f"registry  {database.where}")
        click.echo(f"rows      {verified.rows}")
        click.echo(f"newest    {verified.hash}")
        for fault in verified.faults:
            click.echo(f"row {fault.id}: {fault.what}")
    if verified.faults:
        count = "one place" if len(verified.faults) == 1 else f"{len(verified.faults)} places"
        raise VerdictError(
            f"the audit is broken in {count}",
            where=database.where,
            todo="compare it with a backup; what the rows named here tell cannot be relied on",
        )
    if not as_json:
        click.echo("the chain holds")

"""`skerry server erase-device`: one device with everything that is known of it."""

from __future__ import annotations

from pathlib import Path

import click

from skerry_server.registry.cli.opening import config_option, json_option, this_person


@click.command(
    "erase-device",
    epilog="""\b
Examples:
  skerry server erase-device cam-7
  skerry server erase-device cam-7 --yes --json

Deleted are the device's events, pictures, presence, reports, commands, desired states, alerts, tags, dead letters and
time series. The audit keeps its id: that it was erased, and what people did to it before. Backups keep all of it.

A device that publishes again is taken in as a new one: switch it off, or take its password away at the broker first.
To keep its past and only have it out of the way, decommission it instead.

\b
Exit codes:
  0  erased
  2  wrong usage or configuration, there is no such device, or the store cannot forget a device
  4  the database or the store does not answer; give the command again
""",
)
@click.argument("device")
@config_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def erase_device(*, device: str, config: Path | None, yes: bool, as_json: bool) -> None:
    """Delete everything that is known of DEVICE, for good."""
    import msgspec  # noqa: PLC0415  # keeps `--help` fast

    from skerry_server.config.server import load_settings  # noqa: PLC0415  # as above
    from skerry_server.registry.erasure import erase_device as erase  # noqa: PLC0415  # as above
    from skerry_server.registry.fleet.changes import get_device  # noqa: PLC0415  # as above
    from skerry_server.registry.opening import open_present_registry  # noqa: PLC0415  # as above
    from skerry_server.stores.opening import open_store  # noqa: PLC0415  # as above

    settings = load_settings(config)
    database, store = open_present_registry(settings), open_store(settings)
    try:
        with database.transaction() as session:
            get_device(session, device)
        if not yes:
            click.confirm(f"Delete everything that is known of '{device}', for good?", abort=True, err=True)
        # The store first: where it fails, the device is still there to be erased once more.
        store.erase({"device": device})
        erased = erase(database, this_person(), device)
    finally:
        store.close()
        database.close()
    if as_json:
        click.echo(msgspec.json.encode(erased).decode())
        return
    click.echo(f"erased    {device}")
    for table, rows in sorted(erased.rows.items()):
        if rows:
            click.echo(f"{rows:>9} rows of {table}")

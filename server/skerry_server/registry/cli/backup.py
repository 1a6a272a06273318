"""`skerry server backup` and `restore`: the whole registry in one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_server.registry.cli.opening import FILE, config_option, json_option, telemetry_of, this_person
from skerry_server.registry.cli.progress import shown_progress

if TYPE_CHECKING:
    from skerry_server.registry.backup.manifest import Manifest


@click.command(
    epilog="""\b
Examples:
  skerry server backup skerry-$(date +%F).backup
  skerry server backup --config /etc/skerry/server.toml /var/backups/skerry.backup --json

The server may run meanwhile: what is saved is the registry as it was at one moment. With it go the time series where
the store is the embedded one; InfluxDB and VictoriaMetrics have their own means. Left out are sign-ins of browsers.

The file is a ZIP archive of JSON lines with a SHA-256 of everything in it, the same whether the registry is SQLite or
PostgreSQL, so either can be restored to the other. It holds hashes of passwords and tokens, and pictures: only its
owner can read it, and it is not encrypted.

\b
Exit codes:
  0  saved; a file that had the name was replaced
  2  wrong usage or configuration
  4  the database does not answer, or the file cannot be written
"""
)
@click.argument("file", type=FILE)
@config_option
@json_option
def backup(*, file: Path, config: Path | None, as_json: bool) -> None:
    """Save the registry, and the embedded time series, to FILE."""
    from skerry_edge import __version__  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.config.server import load_settings  # noqa: PLC0415  # as above
    from skerry_server.health import now_ms  # noqa: PLC0415  # as above
    from skerry_server.registry.backup.save import save_backup  # noqa: PLC0415  # as above
    from skerry_server.registry.opening import open_present_registry  # noqa: PLC0415  # as above

    settings = load_settings(config)
    database = open_present_registry(settings)
    try:
        with shown_progress() as progress:
            manifest = save_backup(
                database,
                file,
                telemetry=telemetry_of(settings),
                program=__version__,
                now_ms=now_ms(),
                progress=progress,
            )
    finally:
        database.close()
    _report("saved", file, manifest, as_json=as_json)


@click.command(
    epilog="""\b
Examples:
  skerry server restore skerry-2026-11-22.backup
  skerry server restore --force --config /etc/skerry/server.toml /var/backups/skerry.backup

Stop the server first. The whole file is checked before anything is touched, and the registry is then replaced in one
transaction: it is either as the backup has it or as it was. Time series come after it, on their own; where putting
them in place fails, do it again. A backup of an earlier version of Skerry is brought up to this one.

\b
Exit codes:
  0  restored
  2  wrong configuration, there is something already and no --force, or the backup is of a later version of Skerry
  4  the backup is damaged or cannot be read, or the database does not answer
"""
)
@click.argument("file", type=FILE)
@config_option
@click.option("--force", is_flag=True, help="Replace what there is already.")
@json_option
def restore(*, file: Path, config: Path | None, force: bool, as_json: bool) -> None:
    """Make the registry, and the embedded time series, what they were when FILE was saved."""
    from skerry_server.config.server import load_settings  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.registry.backup.restore import require_empty, restore_backup  # noqa: PLC0415  # as above
    from skerry_server.registry.opening import open_registry  # noqa: PLC0415  # as above

    settings = load_settings(config)
    database = open_registry(settings)
    telemetry = telemetry_of(settings)
    try:
        if not force:
            require_empty(database, telemetry)
        with shown_progress() as progress:
            manifest = restore_backup(database, file, telemetry=telemetry, author=this_person(), progress=progress)
    finally:
        database.close()
    if manifest.telemetry is not None and telemetry is None:
        kind = settings.config.store.__struct_config__.tag
        _report("restored", file, manifest, as_json=as_json, telemetry=f"not restored: the configured store is {kind}")
        return
    _report("restored", file, manifest, as_json=as_json)


def _report(verb: str, file: Path, manifest: Manifest, *, as_json: bool, telemetry: str | None = None) -> None:
    """Say what was done; ``telemetry`` is what to say of the time series where they were left alone."""
    import msgspec  # noqa: PLC0415  # keeps `--help` fast

    if telemetry is None:
        member = manifest.telemetry
        telemetry = "none in the file" if member is None else f"{verb}, {member.size_bytes / 1e6:.1f} MB"
    if as_json:
        click.echo(msgspec.json.encode({"file": str(file), "manifest": manifest, "telemetry": telemetry}).decode())
        return
    rows = sum(table.rows for table in manifest.tables)
    click.echo(f"{verb}     {file}" if verb == "saved" else f"{verb}  {file}")
    click.echo(f"rows      {rows} in {len(manifest.tables)} tables, version {manifest.revision}")
    click.echo(f"telemetry {telemetry}")

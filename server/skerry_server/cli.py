"""`skerry server`: the fleet server on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_server.registry.cli.audit import audit
from skerry_server.registry.cli.backup import backup, restore
from skerry_server.registry.cli.erase import erase_device
from skerry_server.registry.cli.migrate import migrate

if TYPE_CHECKING:
    from skerry_server.app import FleetServer


@click.group()
def server() -> None:
    """Run the fleet server."""


for _command in (migrate, backup, restore, audit, erase_device):
    server.add_command(_command)


@server.command(
    epilog="""\b
Examples:
  skerry server run
  skerry server run --config /etc/skerry/server.toml
  curl -s http://127.0.0.1:8080/healthz

\b
A configuration, with what holds where a line is left out:
  [broker]
  url = "mqtt://127.0.0.1:1883"     # or mqtts://host:8883, with ca_file
  protocol = "5"                    # or "3.1.1"
  client_id = "skerry-server"       # this server's alone: its session waits under it
  # username = "server"
  # password_file = "broker.secret"

\b
  [store]
  kind = "sqlite"                   # or "influxdb", with url and database, or organisation, bucket, token_file
  # path = "telemetry.sqlite"

\b
  [registry]
  # url = "postgresql+psycopg://skerry@db/skerry"

\b
  [http]
  host = "127.0.0.1"
  port = 8080

\b
  [presence]
  heartbeat_s = 30
  missed = 3

Data goes to $STATE_DIRECTORY, else $XDG_STATE_HOME/skerry, else ~/.local/state/skerry. Paths in the file are
taken from the file's own folder. The server listens on this machine only, because it has no sign-in yet.

\b
Exit codes:
  0  stopped by SIGTERM or Ctrl-C
  2  wrong configuration
  3  a Python package that the configuration needs is missing
  4  the port is in use, or a file cannot be read
"""
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE.toml",
    help="Configuration; without it everything has its default.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="How much to say on standard error.",
)
def run(config: Path | None, log_level: str) -> None:
    """Take in what the fleet publishes, store it, and show it.

    Messages are acknowledged to the broker only when they are stored. A broker, store or registry that is away is
    tried again and again; /healthz says what works and what does not.
    """
    import asyncio  # noqa: PLC0415  # keeps `--help` fast

    from skerry_edge.foundation.log import configure_logging  # noqa: PLC0415
    from skerry_edge.foundation.stdout import announce  # noqa: PLC0415
    from skerry_server.app import FleetServer  # noqa: PLC0415
    from skerry_server.config.server import load_settings  # noqa: PLC0415

    configure_logging(log_level)
    fleet_server = FleetServer(load_settings(config))
    announce(f"dashboard  {fleet_server.url}")
    announce(f"broker     {fleet_server.settings.config.broker.url}")
    announce(f"store      {fleet_server.store_place}")
    announce(f"registry   {fleet_server.database.where}")
    asyncio.run(_until_signal(fleet_server))


async def _until_signal(fleet_server: FleetServer) -> None:
    import asyncio  # noqa: PLC0415  # keeps `--help` fast
    import signal  # noqa: PLC0415

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await fleet_server.run(stop)

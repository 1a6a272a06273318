"""`skerry server`: the fleet server on the command line."""

from __future__ import annotations

import click

from skerry_server.alerts.cli import alerts
from skerry_server.commands.dead_letters import dead_letters
from skerry_server.commands.example_config import example_config
from skerry_server.commands.running import api, ingest, run
from skerry_server.commands.spool import spool
from skerry_server.registry.cli.audit import audit
from skerry_server.registry.cli.backup import backup, restore
from skerry_server.registry.cli.erase import erase_device
from skerry_server.registry.cli.migrate import migrate
from skerry_server.registry.cli.people import tokens, users


@click.group()
def server() -> None:
    """Run the fleet server."""


for _command in (
    run,
    ingest,
    api,
    spool,
    example_config,
    dead_letters,
    alerts,
    migrate,
    backup,
    restore,
    audit,
    erase_device,
    users,
    tokens,
):
    server.add_command(_command)

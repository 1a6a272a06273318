"""`skerry fleet`: the fleet from a terminal."""

from __future__ import annotations

import click

from skerry_server.fleet.arranging import acknowledge, dead_letters, groups, silence, silences, tags
from skerry_server.fleet.desired import desired
from skerry_server.fleet.login import login, logout
from skerry_server.fleet.reading import alerts, audit, commands, device, devices, events, summary
from skerry_server.fleet.sending import send


@click.group(
    epilog="""\b
Examples:
  skerry fleet login https://fleet.example --user ann
  skerry fleet devices --presence offline
  skerry fleet send ping --device cam-7

The server is the one of --server, else of $SKERRY_SERVER, else the one where login was, else http://127.0.0.1:8080.
"""
)
def fleet() -> None:
    """Look at a fleet and change it, as a client of its server."""


for _command in (
    login,
    logout,
    summary,
    devices,
    device,
    events,
    alerts,
    acknowledge,
    silence,
    silences,
    commands,
    send,
    desired,
    groups,
    tags,
    dead_letters,
    audit,
):
    fleet.add_command(_command)

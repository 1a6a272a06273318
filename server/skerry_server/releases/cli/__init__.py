"""`skerry ota`: keys and repository of signed releases on the command line."""

from __future__ import annotations

import click

from skerry_server.releases.cli.amending import floor, renew, withdraw
from skerry_server.releases.cli.exporting import export
from skerry_server.releases.cli.founding import init
from skerry_server.releases.cli.keeping import backup, restore
from skerry_server.releases.cli.pruning import prune
from skerry_server.releases.cli.publishing import publish, refresh, sign
from skerry_server.releases.cli.reading import list_releases, verify
from skerry_server.releases.cli.rotating import rotate_root


class _InOrder(click.Group):
    """Lists its commands in the order in which people come to need them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the commands as they were added."""
        return list(self.commands)


@click.group(
    cls=_InOrder,
    epilog="""\b
Examples:
  skerry ota init
  skerry ota publish doorbell.skerry --boards raspberry-pi-5 --counter 1
  skerry ota list
  skerry ota verify

\b
The folders are those of the options, else of the environment, else below the present one:
  --repository   $SKERRY_OTA_REPOSITORY    ota/repository    what a web server serves
  --keys         $SKERRY_OTA_KEYS          ota/keys          keys of people: root and targets
  --online-keys  $SKERRY_OTA_ONLINE_KEYS   KEYS/online       the key of the server: snapshot and timestamp

Encrypted keys are opened with the passphrase in --passphrase-file or $SKERRY_OTA_PASSPHRASE, security modules with the
PIN in --pin-file or $SKERRY_OTA_PIN; a terminal is asked.
""",
)
def ota() -> None:
    """Sign releases of models and agents, and publish them as files that devices verify."""


for _command in (
    init,
    publish,
    list_releases,
    verify,
    withdraw,
    floor,
    export,
    sign,
    refresh,
    renew,
    prune,
    backup,
    restore,
    rotate_root,
):
    ota.add_command(_command)

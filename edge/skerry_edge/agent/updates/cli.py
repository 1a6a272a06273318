"""The command `skerry agent update`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skerry_edge.agent.config_option import config_option, require_config

if TYPE_CHECKING:
    from skerry_edge.agent.updates.waiting import Ended
    from skerry_edge.ota.choice import Wanted

_PROBATION_S = 120
_TO_PREPARE_S = 3600
"""How long download, check and self-test may take at most."""


@click.command(
    epilog="""\
\b
Examples:
  sudo skerry agent update --from /media/usb
  sudo skerry agent update --from /media/usb --list
  sudo skerry agent update --from /media/usb --release agent/skerry
  skerry agent update --from /media/usb --config cam-1.toml --probation 600 --json

\b
Exit codes:
  0  every release that is new here was taken and has proved itself; or nothing is new
  1  one was refused, did not prove itself, or was undone
  2  the configuration is wrong, or has no table [ota]
  4  the folder cannot be read or trusted, or the agent does not run
""",
)
@click.option(
    "--from",
    "folder",
    required=True,
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder that `skerry ota export --usb` has written, with 'metadata' and 'targets' in it.",
)
@config_option("The agent's configuration (TOML).")
@click.option("--list", "is_listing", is_flag=True, help="Say what is new for this device, and change nothing.")
@click.option(
    "--release",
    "subjects",
    multiple=True,
    metavar="KIND/NAME",
    help="Only releases of this name, such as model/doorbell or agent/skerry.",
)
@click.option("--no-wait", is_flag=True, help="Give the orders, and do not wait for how they end.")
@click.option(
    "--probation",
    "probation_s",
    type=click.IntRange(1, 604_800),
    default=_PROBATION_S,
    show_default=True,
    metavar="SECONDS",
    help="For how long a new version must be healthy before it counts as good.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def update(  # one for each option
    *,
    folder: Path,
    config_file: Path | None,
    is_listing: bool,
    subjects: tuple[str, ...],
    no_wait: bool,
    probation_s: int,
    as_json: bool,
) -> None:
    """Update a device that has no network from a USB stick: its models, and the agent itself.

    The stick is judged as the repository in the network is: by the root of trust that came with the installation, by
    what the device has seen before, and by the time for which the stick was signed. The running agent then takes the
    newest release of each model in use, tries it beside the present one, switches, watches it, and goes back where it
    is bad. A release of the agent comes first: it is built beside the present agent, started by the launcher and undone
    where it does not prove itself; where the service was not installed with a launcher, it is left out. Models that
    ask for that agent are new once it runs: run the command again. What the fleet's server orders counts again as soon
    as it orders something else of the same name. Ctrl-C ends the waiting and not the update.
    """
    from skerry_edge.agent.config.checks import load_config  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.downlink.configuration import Configuration  # noqa: PLC0415  # the same
    from skerry_edge.agent.life.state_files import StateFiles  # noqa: PLC0415  # the same
    from skerry_edge.agent.updates.stick import Times, offered, orders_for  # noqa: PLC0415  # tuf
    from skerry_edge.foundation.errors import ConfigError  # noqa: PLC0415  # as above
    from skerry_edge.ota.local_orders import LocalOrderFile  # noqa: PLC0415  # as above

    config = load_config(require_config(config_file))
    if config.ota is None:
        raise ConfigError("this device takes no updates", where="the configuration", todo="add a table [ota]")
    state_dir = Path(config.state_dir)
    configuration = Configuration(
        config, files=StateFiles(state_dir), tell=lambda _label, _text: None, apply=lambda _config: None
    )
    found = offered(configuration, config.ota, folder.absolute(), state_dir)
    for subject, why in found.passed_over.items():
        click.echo(f"{subject} is passed over: {why}", err=True)
    offers = [one for one in found.new if not subjects or one.subject in subjects]
    if is_listing or not offers:
        _show(offers, [], as_json=as_json)
        return
    _require_agent(state_dir)
    times = Times(probation_s=probation_s, deadline_s=probation_s + _TO_PREPARE_S)
    orders = orders_for(offers, configuration, folder.absolute(), times)
    LocalOrderFile(state_dir).add(orders)
    results = [] if no_wait else _wait({subject: one.order for subject, one in orders.items()}, state_dir)
    _show(offers, results, as_json=as_json)
    click.get_current_context().exit(int(any(one.outcome != "committed" for one in results)))


def _require_agent(state_dir: Path) -> None:
    from skerry_edge.agent.life.lock import holder_of  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.foundation.errors import ReachError  # noqa: PLC0415  # the same

    if holder_of(state_dir) is None:
        todo = "start it: systemctl start skerry-agent"
        raise ReachError("the agent does not run, and it alone switches models", where=str(state_dir), todo=todo)


def _wait(orders: dict[str, Any], state_dir: Path) -> list[Ended]:
    from rich.console import Console  # noqa: PLC0415  # keeps --help fast

    from skerry_edge.agent.life.lock import holder_of  # noqa: PLC0415  # the same
    from skerry_edge.agent.updates.waiting import wait_for  # noqa: PLC0415  # the same
    from skerry_edge.ota.places import Places  # noqa: PLC0415  # the same

    with Console(stderr=True).status("waiting for the agent") as status:
        return wait_for(
            orders,
            Places(state_dir),
            runs=lambda: holder_of(state_dir) is not None,
            told=status.update,
        )


def _show(offers: list[Wanted], results: list[Ended], *, as_json: bool) -> None:
    ends = {one.subject: one for one in results}
    rows = [
        {
            "subject": one.subject,
            "version": one.version,
            "counter": one.counter,
            "outcome": ends[one.subject].outcome if one.subject in ends else None,
            "reason": ends[one.subject].reason if one.subject in ends else None,
        }
        for one in offers
    ]
    if as_json:
        click.echo(json.dumps({"releases": rows}, indent=2))
        return
    for row in rows:
        told = f": {row['outcome']}" if row["outcome"] else " is new here"
        why = f" ({row['reason']})" if row["reason"] else ""
        click.echo(f"{row['subject']} {row['version']}{told}{why}")
    if not rows:
        click.echo("nothing there is new for this device")

"""The command `skerry doctor`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skerry_edge.agent.config_option import config_option, installed_config

if TYPE_CHECKING:
    from skerry_edge.agent.doctor.findings import Check, Finding

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    epilog="""\
\b
Examples:
  sudo skerry doctor
  skerry doctor --config cam-1.toml
  skerry doctor --json | jq '.findings[] | select(.status == "failed")'
  skerry doctor --broker mqtt://127.0.0.1:1883 --username skerry \\
      --password-file server.secret --devices 500 --away 30

\b
What is looked at:
  Python, board and its packages, runtimes, accelerators and their USB speed,
  each pipeline's model (it computes once) and camera or microphone (it gives
  one picture or piece of sound), whether the service's user may use the devices
  and read the files that the configuration names (as it sees them: its unit
  hides homes), shared memory, disk, clock, broker (a real login) and its
  limits, updates over the air (root of trust; each mirror's signatures, looked at
  as a fresh device would), the service. What does not apply is named on one line.

\b
Exit codes:
  0  nothing failed; there may be warnings
  1  something failed
  2  the configuration is wrong
  4  the configuration cannot be read
""",
)
@config_option("The agent's configuration.")
@click.option("--broker", metavar="URL", help="Try the limits of this broker, as the server's user, and nothing else.")
@click.option(
    "--username", help="With --broker: whom to log in as; without a file, $SKERRY_MQTT_PASSWORD holds the password."
)
@click.option("--password-file", type=FILE, help="With --broker: the file with that user's password.")
@click.option("--ca-file", type=FILE, help="With --broker: the authority of a broker at mqtts://.")
@click.option(
    "--devices",
    type=click.IntRange(1, 1_000_000),
    default=100,
    show_default=True,
    help="With --broker: how large the fleet is.",
)
@click.option(
    "--heartbeat",
    "heartbeat_s",
    metavar="S",
    type=click.FloatRange(0.1, 86_400),
    default=30.0,
    show_default=True,
    help="With --broker: how often a device sends one.",
)
@click.option(
    "--away",
    "away_min",
    metavar="MIN",
    type=click.FloatRange(0.1, 44_640),
    default=10.0,
    show_default=True,
    help="With --broker: for how long the server may be away.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(config_file: Path | None, broker: str | None, *, as_json: bool, **trial: Any) -> None:  # noqa: ANN401  # the options of --broker
    """Tell whether a device can do its work, and what to do where it cannot.

    Nothing is changed. Each check has a time limit: one that hangs is told as such, and the others go on. A running
    agent is not disturbed: the broker is asked under a name of its own, and a camera that it uses counts as working.
    Only a broker that takes the login for the name (Mosquitto's 'use_username_as_clientid') puts the agent out for a
    moment; it comes back by itself and loses nothing.

    With --broker it is a fleet's broker that is looked at, as the server's user: how many messages it leaves
    unacknowledged, and how many it keeps for a server that is away, found by publishing up to 25,000 small messages
    under 'skerry-doctor/'; nothing stays behind. It warns where that fleet would lose messages.
    """
    from skerry_edge.agent.doctor.findings import is_healthy  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.doctor.running import run_checks  # noqa: PLC0415  # the same

    if broker is not None and config_file is not None:
        raise click.UsageError("--broker looks at a broker alone: leave --config out")
    checks = _device_checks(config_file) if broker is None else [_broker_check(broker, **trial)]
    findings: list[Finding] = []
    with _progress() as say:
        for found in run_checks(checks, before=lambda check: say(check.name)):
            findings.extend(found)
    if as_json:
        click.echo(json.dumps({"healthy": is_healthy(findings), "findings": [asdict(one) for one in findings]}))
    else:
        _show(findings)
    click.get_current_context().exit(0 if is_healthy(findings) else 1)


def _device_checks(config_file: Path | None) -> Sequence[Check]:
    from skerry_edge.agent.config.checks import load_config  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.doctor.examination import checks_for  # noqa: PLC0415  # the same

    file = config_file if config_file is not None else installed_config()
    return checks_for(load_config(file) if file is not None else None, file)


def _broker_check(
    url: str,
    *,
    username: str | None,
    password_file: Path | None,
    ca_file: Path | None,
    devices: int,
    heartbeat_s: float,
    away_min: float,
) -> Check:
    from skerry_edge.agent.config.delivery import MqttConfig, TlsConfig  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.doctor.broker_trial import broker_check  # noqa: PLC0415  # the same
    from skerry_edge.agent.doctor.broker_verdict import Load  # noqa: PLC0415  # the same

    if password_file is not None and username is None:
        raise click.UsageError("--password-file is that of a user: give --username, too")
    config = MqttConfig(
        url=url,
        username=username,
        password_file=str(password_file) if password_file is not None else None,
        tls=TlsConfig(ca_file=str(ca_file)) if ca_file is not None else None,
    )
    return broker_check(config, Load(devices=devices, heartbeat_s=heartbeat_s, away_min=away_min))


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Give a function that names what is looked at, for a person who waits at a terminal."""
    from rich.console import Console  # noqa: PLC0415  # keeps --help fast

    console = Console(stderr=True)
    with console.status("looking") as status:
        yield lambda name: status.update(f"looking at: {name}")


def _show(findings: list[Finding]) -> None:
    import shutil  # noqa: PLC0415  # keeps --help fast

    from skerry_edge.agent.doctor.display import lines  # noqa: PLC0415  # keeps --help fast

    for line in lines(findings, shutil.get_terminal_size().columns):
        click.echo(line)

"""`skerry simulate`: a fleet without devices, and the check whether a server shows it as it was."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from skerry_edge.options import NumberRange
from skerry_server.simulate.epilogs import CHECK_EPILOG, SIMULATE_EPILOG

if TYPE_CHECKING:
    from rich.progress import Progress

    from skerry_server.simulate.comparison import Difference
    from skerry_server.simulate.device import Ending
    from skerry_server.simulate.expectation import Expectation
    from skerry_server.simulate.job import Order, Outcome

MAX_DEVICES, MAX_RATE, MAX_SEED = 100_000, 100.0, 2**31 - 1
_READ = click.Path(path_type=Path, exists=True, dir_okay=False)
_WRITE = click.Path(path_type=Path, dir_okay=False, writable=True)


@click.group(invoke_without_command=True, epilog=SIMULATE_EPILOG)
@click.option("--devices", type=click.IntRange(1, MAX_DEVICES), default=20, show_default=True, help="How many devices.")
@click.option(
    "--rate",
    type=NumberRange(0.0, MAX_RATE, min_open=True),
    default=0.2,
    show_default=True,
    help="Heartbeats a second of each device.",
)
@click.option("--seed", type=click.IntRange(0, MAX_SEED), default=1, show_default=True, help="Which fleet it is.")
@click.option(
    "--trouble", "trouble_text", default="usual", show_default=True, metavar="TEXT", help="What goes wrong: see below."
)
@click.option(
    "--duration",
    type=NumberRange(0.0, 31_536_000.0, min_open=True),
    metavar="S",
    help="Stop after S seconds. [default: until Ctrl-C]",
)
@click.option(
    "--end",
    "ending",
    type=click.Choice(["goodbye", "cut", "hold"]),
    default="goodbye",
    show_default=True,
    help="How devices end: they say goodbye, break off, or stay connected and silent until Ctrl-C.",
)
@click.option("--broker", default="mqtt://127.0.0.1:1883", show_default=True, metavar="URL", help="Where to publish.")
@click.option("--username", help="The user that all devices log in as.")
@click.option("--password-file", type=_READ, help="File with that user's password.")
@click.option("--ca-file", type=_READ, help="Certificate authority of a broker at mqtts://.")
@click.option(
    "--connections",
    type=click.IntRange(1, MAX_DEVICES),
    default=10_000,
    show_default=True,
    help="The most connections; a larger fleet shares them.",
)
@click.option("--model", metavar="NAME[@VERSION]", help="All cameras run this one at first.  [default: a mix of three]")
@click.option("--bad-release", "bad_releases", multiple=True, metavar="VERSION", help="This one fails everywhere.")
@click.option("--expect", type=_WRITE, metavar="FILE", help="Write there what the server must show.")
@click.option("--json", "as_json", is_flag=True, help="Print what the server must show as JSON.")
@click.pass_context
def simulate(  # noqa: PLR0913  # one argument for each option
    context: click.Context,
    *,
    devices: int,
    rate: float,
    seed: int,
    trouble_text: str,
    duration: float | None,
    ending: str,
    broker: str,
    username: str | None,
    password_file: Path | None,
    ca_file: Path | None,
    connections: int,
    model: str | None,
    bad_releases: tuple[str, ...],
    expect: Path | None,
    as_json: bool,
) -> None:
    """Simulate a fleet of devices from a seed, and say what a server must show of it."""
    if context.invoked_subcommand is not None:
        return
    if expect is not None and not expect.absolute().parent.is_dir():
        # Told now, and not when hours of a run are to be written down.
        raise click.BadParameter(f"there is no folder '{expect.parent}'", param_hint="'--expect'")
    from skerry_server.simulate.access import broker_access  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.simulate.job import Order, possible_connections  # noqa: PLC0415
    from skerry_server.simulate.networks import named_network  # noqa: PLC0415
    from skerry_server.simulate.trouble import parse_trouble  # noqa: PLC0415

    order = Order(
        devices=devices,
        rate=rate,
        seed=seed,
        trouble=parse_trouble(trouble_text),
        access=broker_access(broker, username=username, password_file=password_file, ca_file=ca_file),
        connections=possible_connections(min(devices, connections)),
        duration_s=duration,
        ending=cast("Ending", ending),
        expect=expect,
        bad_releases=frozenset(bad_releases),
        camera=None if model is None else named_network(model),
    )
    _announce(order)
    _tell(_play(order), as_json=as_json)


def _announce(order: Order) -> None:
    """Say on stderr what runs, since stdout is for what comes of it."""
    each = f"at {order.rate:g} heartbeats a second each, seed {order.seed}"
    click.echo(f"fleet       {order.devices} devices {each}", err=True)
    click.echo(f"trouble     {order.trouble.text}", err=True)
    click.echo(f"broker      {order.access.address}", err=True)
    if order.devices > order.connections:
        click.echo(
            f"connections {order.connections}, shared: the wills of devices that break off are published by this "
            "simulator, not by the broker",
            err=True,
        )
    else:
        click.echo("connections one for each device", err=True)


def _play(order: Order) -> Outcome:
    import asyncio  # noqa: PLC0415  # keeps `--help` fast
    import signal  # noqa: PLC0415

    from skerry_server.simulate.job import play  # noqa: PLC0415

    async def until_signal() -> Outcome:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()

        def request() -> None:
            # The second signal ends the process as it always would.
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
            stop.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, request)
        with _progress() as bar:
            task = bar.add_task("simulating", total=order.duration_s)
            return await play(
                order, stop, progress=lambda elapsed_s: bar.update(task, completed=elapsed_s), at_rest=_say_held
            )

    return asyncio.run(until_signal())


def _say_held(expectation: Expectation) -> None:
    click.echo(f"held        {len(expectation.devices)} devices stay as they are; Ctrl-C ends them", err=True)


def _progress() -> Progress:
    from rich.console import Console  # noqa: PLC0415  # keeps `--help` fast
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, redirect_stdout=False, disable=not sys.stderr.isatty())


def _tell(outcome: Outcome, *, as_json: bool) -> None:
    from rich.console import Console  # noqa: PLC0415  # keeps `--help` fast

    from skerry_server.simulate.expectation import encode_expectation  # noqa: PLC0415
    from skerry_server.simulate.table import print_expectation  # noqa: PLC0415

    if outcome.interruptions:
        click.echo(f"{outcome.interruptions} connections broke unasked and came back", err=True)
    if outcome.refused:
        click.echo(f"the broker did not take {outcome.refused} messages or subscriptions: less will be shown", err=True)
    if as_json:
        click.echo(encode_expectation(outcome.expectation), nl=False)
    else:
        print_expectation(outcome.expectation, Console())


@simulate.command(epilog=CHECK_EPILOG)
@click.option("--server", required=True, metavar="URL", help="The server, as http://127.0.0.1:8080.")
@click.option("--expect", type=_READ, required=True, metavar="FILE", help="What `simulate --expect` wrote.")
@click.option("--token-file", type=_READ, help="File with a token for the API.")
@click.option(
    "--wait",
    "wait_s",
    type=NumberRange(0.0, 86_400.0),
    default=0.0,
    show_default=True,
    metavar="S",
    help="Look again for up to S seconds until it agrees.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def check(*, server: str, expect: Path, token_file: Path | None, wait_s: float, as_json: bool) -> None:
    """Compare what a server shows of a simulated fleet with what it must show."""
    import asyncio  # noqa: PLC0415  # keeps `--help` fast

    from skerry_edge.foundation.errors import VerdictError  # noqa: PLC0415
    from skerry_edge.foundation.secret_file import read_secret  # noqa: PLC0415
    from skerry_server.simulate.checking import find_differences  # noqa: PLC0415
    from skerry_server.simulate.expectation import read_expectation  # noqa: PLC0415

    expectation = read_expectation(expect)
    token = None if token_file is None else read_secret(token_file)
    with _progress() as bar:
        task = bar.add_task("reading", total=len(expectation.devices))
        differences = asyncio.run(
            find_differences(
                server,
                expectation,
                token=token,
                wait_s=wait_s,
                progress=lambda count: bar.update(task, completed=count),
            )
        )
    _tell_differences(differences, devices=len(expectation.devices), as_json=as_json)
    if differences:
        found = f"{len(differences)} differences"
        raise VerdictError("the server does not show what was expected", where=server, found=found)


def _tell_differences(differences: list[Difference], *, devices: int, as_json: bool) -> None:
    import msgspec  # noqa: PLC0415  # keeps `--help` fast
    from rich.console import Console  # noqa: PLC0415

    from skerry_server.simulate.table import print_differences  # noqa: PLC0415

    if as_json:
        answer = {"agrees": not differences, "devices": devices, "differences": differences}
        click.echo(msgspec.json.encode(answer))
    elif differences:
        print_differences(differences, Console())
    else:
        click.echo(f"the server shows all {devices} devices and every dead letter as expected")

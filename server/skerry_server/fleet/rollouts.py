"""`skerry fleet rollouts`: releases brought to the fleet, step by step."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from skerry_server.fleet.options import EXIT_CODES, Asked, print_table, server_options, show, watch_option
from skerry_server.fleet.rollout_wish import wish_options

_number = click.argument("number", metavar="ROLLOUT", type=click.IntRange(min=1))


@click.group(
    epilog=f"""\b
Examples:
  skerry fleet rollouts releases
  skerry fleet rollouts plan --model signs --version 2.0.0 --canary 5 --step 25% --step 100%
  skerry fleet rollouts create --model signs --version 2.0.0 --canary 5 --step 25% --step 100%
  skerry fleet rollouts start 12
  skerry fleet rollouts show 12 --watch

{EXIT_CODES}"""
)
def rollouts() -> None:
    """Bring releases to devices: canary first, then step by step, and back where they do harm."""


@rollouts.command(
    name="list",
    epilog=f"""\b
Examples:
  skerry fleet rollouts list
  skerry fleet rollouts list --state paused
  skerry fleet rollouts list --device cam-7

{EXIT_CODES}""",
)
@click.option("--state", help="Only those that are so: draft, running, paused, done, aborted, rolling-back, ...")
@click.option("--device", help="Only those that mean this one, and how it does in each.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many.")
@watch_option
@server_options
def list_(*, asked: Asked, state: str | None, device: str | None, limit: int) -> None:
    """List rollouts, newest first."""
    from skerry_server.fleet.client import part  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.fleet.rollout_tables import device_rollout_table, rollout_table  # noqa: PLC0415  # as above

    if device is not None:
        if state is not None:
            raise click.UsageError("--state is that of a rollout: it does not go with --device.")
        path = f"devices/{part(device)}/rollouts"
        show(asked, lambda client: list(client.pages(path, "rollouts", {}, limit=limit)), device_rollout_table)
        return
    show(asked, lambda client: list(client.pages("rollouts", "rollouts", {"state": state}, limit=limit)), rollout_table)


@rollouts.command(epilog=f"\b\nExamples:\n  skerry fleet rollouts releases\n\n{EXIT_CODES}")
@server_options
def releases(*, asked: Asked) -> None:
    """List the signed releases of the server's repository."""
    from skerry_server.fleet.rollout_tables import release_table  # noqa: PLC0415  # keeps `--help` fast

    show(asked, lambda client: client.get("releases")["releases"], release_table)


@rollouts.command(
    name="show",
    epilog=f"\b\nExamples:\n  skerry fleet rollouts show 12\n  skerry fleet rollouts show 12 --watch\n\n{EXIT_CODES}",
)
@_number
@watch_option
@server_options
def show_(*, asked: Asked, number: int) -> None:
    """Show how far ROLLOUT is, and what failed."""
    show(asked, lambda client: client.get(f"rollouts/{number}"), _drawn)


@rollouts.command(
    epilog=f"""\b
Examples:
  skerry fleet rollouts plan --model signs --version 2.0.0 --group cameras --canary 5 --step 25% --step 100%
  skerry fleet rollouts plan --agent --version 1.1.0 --board raspberry-pi-5

Nothing is kept and nothing is sent.

{EXIT_CODES}"""
)
@server_options
@wish_options
def plan(*, asked: Asked, wish: dict[str, Any]) -> None:
    """Say who would get a release, in which stage, and who not and why."""
    with asked.client() as client:
        found = client.ask("POST", "rollouts/plan", body=wish)
    _show_plan(asked, found)


@rollouts.command(
    epilog=f"""\b
Examples:
  skerry fleet rollouts create --model signs --version 2.0.0 --canary 5 --step 25% --step 100%
  skerry fleet rollouts create --model signs --version 2.0.0 --canary-group lab --soak 3600 --latency-ratio 1.2 --roll-back
  skerry fleet rollouts create --agent --version 1.1.0 --crash-free-hours 2 --approval
  skerry fleet rollouts start 12

Nothing is sent before it is started. The last --step is repeated until all have the release.

{EXIT_CODES}"""  # noqa: E501  # a command line that is to be copied
)
@server_options
@wish_options
def create(*, asked: Asked, wish: dict[str, Any]) -> None:
    """Make a rollout of a release."""
    with asked.client() as client:
        found = client.ask("POST", "rollouts", body=wish)
    if asked.as_json:
        click.echo(json.dumps(found))
        return
    then = "another person approves it" if found["needs_approval"] else f"skerry fleet rollouts start {found['id']}"
    click.echo(f"rollout {found['id']} is made; next: {then}")


@rollouts.command(
    epilog=f"""\b
Examples:
  skerry fleet rollouts devices 12 --state failed
  skerry fleet rollouts devices 12 --device cam-7

{EXIT_CODES}"""
)
@_number
@click.option("--state", help="Only those that are so: waiting, ordered, committed, failed, timed-out, ...")
@click.option("--device", help="All that happened to this one.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="At most so many.")
@watch_option
@server_options
def devices(*, asked: Asked, number: int, state: str | None, device: str | None, limit: int) -> None:
    """List the devices of ROLLOUT, or what happened to one of them."""
    from skerry_server.fleet.client import part  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.fleet.rollout_tables import rollout_device_table, story_table  # noqa: PLC0415  # as above

    path = f"rollouts/{number}/devices"
    if device is not None:
        show(asked, lambda client: client.get(f"{path}/{part(device)}"), lambda found: story_table(found["history"]))
        return
    show(asked, lambda client: list(client.pages(path, "devices", {"state": state}, limit=limit)), rollout_device_table)


@rollouts.command(
    epilog=f"""\b
Examples:
  skerry fleet rollouts retry 12
  skerry fleet rollouts retry 12 --device cam-7

{EXIT_CODES}"""
)
@_number
@click.option("--device", "named", multiple=True, help="Only this one; may be repeated.")
@server_options
def retry(*, asked: Asked, number: int, named: tuple[str, ...]) -> None:
    """Let devices of ROLLOUT that failed have another try."""
    with asked.client() as client:
        found = client.ask("POST", f"rollouts/{number}/retry", body={"devices": list(named)})
    click.echo(json.dumps(found) if asked.as_json else f"{found['devices']} devices wait for another order")


def _act(name: str, help_text: str) -> click.Command:
    """Return the command that does ``name`` with a rollout."""

    def act(*, asked: Asked, number: int) -> None:
        with asked.client() as client:
            found = client.ask("POST", f"rollouts/{number}/{name}")
        click.echo(json.dumps(found) if asked.as_json else f"rollout {number} is {found['state']}")

    decorated: Callable[..., None] = _number(server_options(act))
    epilog = f"\b\nExamples:\n  skerry fleet rollouts {name} 12\n\n{EXIT_CODES}"
    return click.command(name=name, help=help_text, epilog=epilog)(decorated)


for _name, _help in (
    ("approve", "Approve ROLLOUT, which somebody else made."),
    ("start", "Settle who gets the release of ROLLOUT when, and let the canary begin."),
    ("pause", "Order no further device of ROLLOUT anything; those that were ordered go on."),
    ("resume", "Go on with ROLLOUT; what made it pause is excused."),
    ("abort", "End ROLLOUT: what nobody has begun is withdrawn, and whoever has the release keeps it."),
    ("roll-back", "Order every device that took the release of ROLLOUT back to the version before."),
):
    rollouts.add_command(_act(_name, _help))


def _drawn(found: dict[str, Any]) -> Any:  # noqa: ANN401  # rich's group
    from rich.console import Group  # noqa: PLC0415  # keeps `--help` fast

    from skerry_server.fleet.rollout_tables import failure_table, rollout_facts  # noqa: PLC0415  # as above

    parts = [rollout_facts(found)]
    return Group(*parts, "", failure_table(found["failures"])) if found["failures"] else Group(*parts)


def _show_plan(asked: Asked, found: dict[str, Any]) -> None:
    from skerry_server.fleet.rollout_tables import plan_table  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.fleet.tables import printable  # noqa: PLC0415  # as above

    if asked.as_json:
        click.echo(json.dumps(found))
        return
    print_table(plan_table(found["planned"]))
    stages = ", then ".join(str(number) for number in found["stages"]) or "nobody"
    left_out = "; ".join(f"{number} {why}" for why, number in found["left_out"].items()) or "nobody"
    click.echo(f"\nget it: {stages}\nleft out: {left_out}")
    if found["fits_nobody"]:
        click.echo(f"no device has: {printable('; '.join(found['fits_nobody']))}")

"""`skerry fleet send`: a command to a device or a group, and its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from skerry_server.fleet.options import EXIT_CODES, Asked, print_table, server_options

if TYPE_CHECKING:
    from skerry_server.fleet.client import Client

COMMANDS = ("rebirth", "snapshot", "logs", "restart", "ping", "mute", "unmute")


@click.command(
    epilog=f"""\b
Examples:
  skerry fleet send ping --device cam-7
  skerry fleet send logs --device cam-7 --arg lines=50
  skerry fleet send snapshot --group cameras --arg pipeline=camera --expires 60
  skerry fleet send restart --device cam-7 --no-wait

A device that is away gets the command when it comes back, unless it has expired by then; so long it is waited for.
Answers are told on standard error as they come; --no-wait only orders, and `skerry fleet commands` shows what came of
it. A command to a group goes to its devices in service at your sites.

{EXIT_CODES}"""
)
@click.argument("command", type=click.Choice(COMMANDS))
@click.option("--device", help="The device that is to do it.")
@click.option("--group", help="The group whose devices are to do it.")
@click.option("--arg", "arguments", multiple=True, metavar="KEY=VALUE", help="An argument; may be repeated.")
@click.option("--expires", type=click.IntRange(1, 604_800), default=300, show_default=True, help="Seconds it is worth.")
@click.option("--wait/--no-wait", default=True, help="Wait for the answers.  [default: wait]")
@click.option("--key", metavar="TEXT", help="The same command with the same key is ordered once.")
@server_options
def send(
    *,
    asked: Asked,
    command: str,
    device: str | None,
    group: str | None,
    arguments: tuple[str, ...],
    expires: int,
    wait: bool,
    key: str | None,
) -> None:
    """Order a device, or all of a group, to do COMMAND."""
    import json  # noqa: PLC0415  # keeps `--help` fast

    from skerry_edge.foundation.errors import VerdictError  # noqa: PLC0415  # as above
    from skerry_server.fleet.client import part  # noqa: PLC0415  # as above
    from skerry_server.fleet.views import command_table  # noqa: PLC0415  # as above

    if (device is None) == (group is None):
        raise click.UsageError("give --device or --group")
    path = f"devices/{part(device)}" if device is not None else f"groups/{part(group or '')}"
    body = {"name": command, "args": pairs(arguments), "expires_s": expires}
    with asked.client() as client:
        headers = {} if key is None else {"idempotency-key": key}
        ordered = client.ask("POST", f"{path}/commands", body=body, headers=headers)
        found = [ordered] if device is not None else ordered["commands"]
        if wait:
            found = _awaited(client, found, group=group)
    if asked.as_json:
        click.echo(json.dumps(found))
    else:
        print_table(command_table(found))
        for one in found:
            for name, text in (one["output"] or {}).items():
                click.echo(f"\n{one['device']} {name}:\n{text}")
    refused = [one["device"] for one in found if one["state"] in ("failed", "expired")]
    if refused:
        raise VerdictError("not every device has done it", found=", ".join(refused[:10]))


def _awaited(client: Client, found: list[dict[str, Any]], *, group: str | None) -> list[dict[str, Any]]:
    """Return the commands when each has ended, having said who is away and what came."""
    from skerry_server.fleet.awaiting import await_answers, away_text, shown_answers  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.fleet.client import part  # noqa: PLC0415  # as above

    if group is None:
        devices = (client.get(f"devices/{part(one['device'])}") for one in found)
        offline = [one for one in devices if one["presence"] == "offline"]
    else:
        wanted = {"group": group, "presence": "offline"}
        offline = list(client.pages("devices", "devices", wanted, limit=len(found)))
    with shown_answers(len(found)) as say:
        away = away_text(found, offline)
        if away is not None:
            say(away, 0)
        return await_answers(client, found, say=say)


def pairs(given: tuple[str, ...]) -> dict[str, str]:
    """Return `KEY=VALUE` texts as a mapping. Raises UsageError."""
    made = {}
    for one in given:
        key, is_pair, value = one.partition("=")
        if not key or not is_pair:
            raise click.UsageError(f"write KEY=VALUE, not {one!r}")
        made[key] = value
    return made

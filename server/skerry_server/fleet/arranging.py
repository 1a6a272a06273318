"""`skerry fleet groups | tags | acknowledge | silence | silences | dead-letters`: arranging the fleet, seeing to it."""

from __future__ import annotations

import json
from typing import Any

import click

from skerry_server.fleet.options import EXIT_CODES, Asked, server_options, show, watch_option
from skerry_server.fleet.sending import pairs


@click.group()
def groups() -> None:
    """Arrange devices in groups."""


@groups.command("list", epilog=f"\b\nExamples:\n  skerry fleet groups list\n\n{EXIT_CODES}")
@watch_option
@server_options
def list_groups(*, asked: Asked) -> None:
    """List all groups."""
    from skerry_server.fleet.views import group_table  # noqa: PLC0415  # keeps `--help` fast

    show(asked, lambda client: client.get("groups")["groups"], group_table)


@groups.command("show", epilog=f"\b\nExamples:\n  skerry fleet groups show cameras\n\n{EXIT_CODES}")
@click.argument("group")
@server_options
def show_group(*, asked: Asked, group: str) -> None:
    """List the devices of GROUP."""
    from skerry_server.fleet.client import part  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.fleet.tables import facts, moment  # noqa: PLC0415  # as above

    def draw(found: dict[str, Any]) -> Any:  # noqa: ANN401  # rich's table
        told = {key: value for key, value in found.items() if key != "created_ms"}
        return facts(told | {"made": moment(found["created_ms"])})

    show(asked, lambda client: client.get(f"groups/{part(group)}"), draw)


@groups.command(
    "add", epilog=f"\b\nExamples:\n  skerry fleet groups add cameras --note 'all with a lens'\n\n{EXIT_CODES}"
)
@click.argument("group")
@click.option("--note", help="What it is for.")
@server_options
def add_group(*, asked: Asked, group: str, note: str | None) -> None:
    """Make the empty GROUP."""
    _change(asked, "PUT", ("groups", group), {"note": note}, f"added {group}")


@groups.command("remove", epilog=f"\b\nExamples:\n  skerry fleet groups remove cameras\n\n{EXIT_CODES}")
@click.argument("group")
@server_options
def remove_group(*, asked: Asked, group: str) -> None:
    """Remove GROUP; its devices stay."""
    _change(asked, "DELETE", ("groups", group), None, f"removed {group}")


@groups.command("put", epilog=f"\b\nExamples:\n  skerry fleet groups put cameras cam-1 cam-2\n\n{EXIT_CODES}")
@click.argument("group")
@click.argument("devices", nargs=-1, required=True)
@server_options
def put(*, asked: Asked, group: str, devices: tuple[str, ...]) -> None:
    """Put DEVICES into GROUP."""
    _change(asked, "POST", ("groups", group, "devices"), {"devices": list(devices)}, f"put into {group}")


@groups.command("take", epilog=f"\b\nExamples:\n  skerry fleet groups take cameras cam-1\n\n{EXIT_CODES}")
@click.argument("group")
@click.argument("device")
@server_options
def take(*, asked: Asked, group: str, device: str) -> None:
    """Take DEVICE out of GROUP."""
    _change(asked, "DELETE", ("groups", group, "devices", device), None, f"taken out of {group}")


@click.command(
    epilog=f"""\b
Examples:
  skerry fleet tags cam-7
  skerry fleet tags cam-7 floor=2 door=north
  skerry fleet tags cam-7 --none

{EXIT_CODES}"""
)
@click.argument("device")
@click.argument("tags", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--none", "is_none", is_flag=True, help="Take all tags away.")
@server_options
def tags(*, asked: Asked, device: str, tags: tuple[str, ...], is_none: bool) -> None:
    """Show the tags of DEVICE, or give it these and no others."""
    from skerry_server.fleet.client import part  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.fleet.tables import facts  # noqa: PLC0415  # as above

    if tags and is_none:
        raise click.UsageError("give tags or --none, not both")
    path, body = f"devices/{part(device)}", {"tags": pairs(tags)}
    is_change = bool(tags) or is_none
    show(
        asked,
        lambda client: (client.ask("PATCH", path, body=body) if is_change else client.get(path))["tags"],
        facts,
    )


@click.command(epilog=f"\b\nExamples:\n  skerry fleet acknowledge 17\n\n{EXIT_CODES}")
@click.argument("alert", type=click.IntRange(min=1))
@server_options
def acknowledge(*, asked: Asked, alert: int) -> None:
    """Say that you see to ALERT: it is told no more."""
    _change(asked, "POST", ("alerts", str(alert), "acknowledge"), None, f"acknowledged {alert}")


@click.command(
    epilog=f"""\b
Examples:
  skerry fleet silence --device cam-7 --hours 2 --comment 'new lens'
  skerry fleet silence --rule disk-space --group cameras --hours 24
  skerry fleet silence --all --hours 1 --comment 'the site moves'
  skerry fleet silences list

{EXIT_CODES}"""
)
@click.option("--device", help="Of this device.")
@click.option("--group", help="Of this group.")
@click.option("--rule", help="Of this rule.")
@click.option("--all", "everything", is_flag=True, help="All alerts of all devices, and of the server.")
@click.option("--hours", type=click.FloatRange(min=0.001, max=8784), required=True, help="For so long.")
@click.option("--comment", default="", help="Why.")
@server_options
def silence(
    *,
    asked: Asked,
    device: str | None,
    group: str | None,
    rule: str | None,
    everything: bool,
    hours: float,
    comment: str,
) -> None:
    """Be told of no alerts for a while: of a device, a group, a rule, or what is common to those given."""
    if everything == any(one is not None for one in (device, group, rule)):
        raise click.UsageError("give --device, --group or --rule, or --all for all alerts")
    lasts_s = max(1, round(hours * 3600))
    body: dict[str, Any] = {"device": device, "group": group, "rule": rule, "everything": everything}
    body |= {"lasts_s": lasts_s, "comment": comment}
    about = "all alerts silenced" if everything else "silenced"
    _change(asked, "POST", ("silences",), body, f"{about} for {hours:g} h")


@click.group()
def silences() -> None:
    """Look at silences, and end them."""


@silences.command("list", epilog=f"\b\nExamples:\n  skerry fleet silences list\n\n{EXIT_CODES}")
@watch_option
@server_options
def list_silences(*, asked: Asked) -> None:
    """List the silences that hold, oldest first."""
    from skerry_server.fleet.views import silence_table  # noqa: PLC0415  # keeps `--help` fast

    show(asked, lambda client: client.get("silences")["silences"], silence_table)


@silences.command(epilog=f"\b\nExamples:\n  skerry fleet silences end 3\n\n{EXIT_CODES}")
@click.argument("silence", metavar="ID", type=click.IntRange(min=1))
@server_options
def end(*, asked: Asked, silence: int) -> None:
    """End a silence now."""
    _change(asked, "DELETE", ("silences", str(silence)), None, f"ended {silence}")


@click.group("dead-letters")
def dead_letters() -> None:
    """Look at messages that the server refused, and take them in after all."""


@dead_letters.command("list", epilog=f"\b\nExamples:\n  skerry fleet dead-letters list --reason schema\n\n{EXIT_CODES}")
@click.option("--reason", help="Only those with this reason.")
@click.option("--text", help="Only those with this in topic or detail.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@watch_option
@server_options
def list_letters(*, asked: Asked, limit: int, **query: str | None) -> None:
    """List dead letters, newest first."""
    from skerry_server.fleet.views import letter_table  # noqa: PLC0415  # keeps `--help` fast

    show(asked, lambda client: list(client.pages("dead-letters", "dead_letters", query, limit=limit)), letter_table)


@dead_letters.command(
    epilog=f"""\b
Examples:
  skerry fleet dead-letters replay 17 18
  skerry fleet dead-letters replay --reason schema

{EXIT_CODES}"""
)
@click.argument("numbers", metavar="[ID]...", nargs=-1, type=click.IntRange(min=1))
@click.option("--reason", help="All with this reason that were not taken in yet.")
@click.option("--all", "everything", is_flag=True, help="All that were not taken in yet.")
@server_options
def replay(*, asked: Asked, numbers: tuple[int, ...], reason: str | None, everything: bool) -> None:
    """Take dead letters in after all."""
    from skerry_edge.foundation.errors import VerdictError  # noqa: PLC0415  # keeps `--help` fast

    if sum((bool(numbers), reason is not None, everything)) != 1:
        raise click.UsageError("give IDs, or --reason REASON, or --all")
    body: dict[str, object] = {"ids": list(numbers)} if numbers else {"everything": True}
    if reason is not None:
        body = {"reason": reason}
    with asked.client() as client:
        found = client.ask("POST", "dead-letters/replay", body=body)
    refused = [one for one in found["outcomes"] if one["refusal"] is not None]
    if asked.as_json:
        click.echo(json.dumps(found))
    else:
        for one in refused:
            click.echo(f"{one['id']:>6}  {one['refusal']}")
        click.echo(f"{found['taken_in']} taken in, {len(refused)} refused again")
    if refused:
        raise VerdictError("some dead letters were refused again", found=str(len(refused)))


@dead_letters.command("remove", epilog=f"\b\nExamples:\n  skerry fleet dead-letters remove 17\n\n{EXIT_CODES}")
@click.argument("number", metavar="ID", type=click.IntRange(min=1))
@server_options
def remove_letter(*, asked: Asked, number: int) -> None:
    """Delete a dead letter."""
    _change(asked, "DELETE", ("dead-letters", str(number)), None, f"removed {number}")


def _change(asked: Asked, method: str, path: tuple[str, ...], body: dict[str, Any] | None, done: str) -> None:
    from skerry_server.fleet.client import part  # noqa: PLC0415  # keeps `--help` fast

    with asked.client() as client:
        found = client.ask(method, "/".join(map(part, path)), body=body)
    click.echo(json.dumps(found) if asked.as_json else done)

"""`skerry fleet summary | devices | device | events | alerts | commands | dead-letters | audit`: looking."""

from __future__ import annotations

from typing import Any

import click

from skerry_server.fleet.options import EXIT_CODES, Asked, server_options, show, watch_option

Rows = list[dict[str, Any]]
limit_option = click.option(
    "--limit", type=click.IntRange(1, 1_000_000), default=100, show_default=True, help="At most so many."
)


@click.command(epilog=f"\b\nExamples:\n  skerry fleet summary\n  skerry fleet summary --watch 5\n\n{EXIT_CODES}")
@watch_option
@server_options
def summary(*, asked: Asked) -> None:
    """Tell how many devices are there, with which versions, boards and models."""
    from skerry_server.fleet.tables import facts  # noqa: PLC0415  # keeps `--help` fast

    names = ("devices", "presence", "alerts", "agent_versions", "boards", "sites", "models")
    show(asked, lambda client: client.get("summary"), lambda found: facts({one: found[one] for one in names}))


@click.command(
    epilog=f"""\b
Examples:
  skerry fleet devices --presence offline
  skerry fleet devices --group cameras --tag floor=2 --watch
  skerry fleet devices --json | jq -r '.[].device'

{EXIT_CODES}"""
)
@click.option("--presence", type=click.Choice(["online", "degraded", "offline", "unknown"]), help="Only those.")
@click.option("--site", help="Only those at this site.")
@click.option("--group", help="Only those in this group.")
@click.option("--tag", multiple=True, metavar="KEY[=VALUE]", help="Only those with this tag; may be repeated.")
@click.option("--text", help="Only those with this in id, name or note.")
@limit_option
@watch_option
@server_options
def devices(*, asked: Asked, limit: int, tag: tuple[str, ...], **query: str | None) -> None:
    """List devices: there or not, why, last seen, temperature."""
    from skerry_server.fleet.views import device_table  # noqa: PLC0415  # keeps `--help` fast

    wanted = {**query, "tag": list(tag) or None}
    show(asked, lambda client: list(client.pages("devices", "devices", wanted, limit=limit)), device_table)


@click.command(epilog=f"\b\nExamples:\n  skerry fleet device cam-7\n  skerry fleet device cam-7 --json\n\n{EXIT_CODES}")
@click.argument("device")
@watch_option
@server_options
def device(*, asked: Asked, device: str) -> None:
    """Show one device: presence, vitals, tags, groups, wanted and applied configuration."""
    from skerry_server.fleet.client import part  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.fleet.views import device_facts  # noqa: PLC0415  # as above

    path = f"devices/{part(device)}"
    show(asked, lambda client: client.get(path) | {"desired": client.get(f"{path}/desired")}, device_facts)


@click.command(
    epilog=f"""\b
Examples:
  skerry fleet events --kind detection --label car
  skerry fleet events --device cam-7 --watch 1

{EXIT_CODES}"""
)
@click.option("--device", help="Only those of this device.")
@click.option("--site", help="Only those from this site.")
@click.option("--kind", type=click.Choice(["detection", "wakeword", "system"]), help="Only those of this kind.")
@click.option("--label", help="Only those with this label.")
@limit_option
@watch_option
@server_options
def events(*, asked: Asked, limit: int, **query: str | None) -> None:
    """List events, newest arrival first."""
    from skerry_server.fleet.views import event_table  # noqa: PLC0415  # keeps `--help` fast

    show(asked, lambda client: list(client.pages("events", "events", query, limit=limit)), event_table)


@click.command(
    epilog=f"\b\nExamples:\n  skerry fleet alerts --state firing\n  skerry fleet alerts --watch\n\n{EXIT_CODES}"
)
@click.option("--state", type=click.Choice(["firing", "acknowledged", "resolved"]), help="Only those in this state.")
@click.option("--device", help="Only those about this device.")
@click.option("--rule", help="Only those of this rule.")
@limit_option
@watch_option
@server_options
def alerts(*, asked: Asked, limit: int, **query: str | None) -> None:
    """List alerts, newest first."""
    from skerry_server.fleet.views import alert_table  # noqa: PLC0415  # keeps `--help` fast

    show(asked, lambda client: list(client.pages("alerts", "alerts", query, limit=limit)), alert_table)


@click.command(epilog=f"\b\nExamples:\n  skerry fleet commands --device cam-7 --limit 5\n\n{EXIT_CODES}")
@click.option("--device", help="Only those to this device.")
@limit_option
@watch_option
@server_options
def commands(*, asked: Asked, limit: int, **query: str | None) -> None:
    """List commands, newest first, with what the devices answered."""
    from skerry_server.fleet.views import command_table  # noqa: PLC0415  # keeps `--help` fast

    show(asked, lambda client: list(client.pages("commands", "commands", query, limit=limit)), command_table)


@click.command(epilog=f"\b\nExamples:\n  skerry fleet audit --actor ann\n  skerry fleet audit --json\n\n{EXIT_CODES}")
@click.option("--actor", help="Only what this user did.")
@click.option("--subject", help="Only what was done to this device, group or user.")
@limit_option
@watch_option
@server_options
def audit(*, asked: Asked, limit: int, **query: str | None) -> None:
    """List who changed what, newest first."""
    from skerry_server.fleet.views import audit_table  # noqa: PLC0415  # keeps `--help` fast

    show(asked, lambda client: list(client.pages("audit", "changes", query, limit=limit)), audit_table)

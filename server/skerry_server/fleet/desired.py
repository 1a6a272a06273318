"""`skerry fleet desired`: what devices are to run, one by one or staged for a group."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from skerry_server.fleet.options import EXIT_CODES, Asked, print_table, server_options, show, watch_option
from skerry_server.fleet.sending import pairs

_config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.toml",
    help="What differs from the device's own file: TOML, or JSON in a file whose name ends so.",
)
_model_option = click.option(
    "--model", "models", multiple=True, metavar="PIPELINE=MODEL", help="The model of a pipeline; may be repeated."
)


@click.group()
def desired() -> None:
    """Say what devices are to run: configuration and models, version by version."""


@desired.command(
    epilog=f"\b\nExamples:\n  skerry fleet desired get cam-7\n  skerry fleet desired get cam-7 --watch\n\n{EXIT_CODES}"
)
@click.argument("device")
@watch_option
@server_options
def get(*, asked: Asked, device: str) -> None:
    """Show what DEVICE is to run, and what it has applied."""
    from skerry_server.fleet.client import part  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.fleet.tables import facts, moment  # noqa: PLC0415  # as above

    def draw(found: dict[str, Any]) -> Any:  # noqa: ANN401  # rich's table
        nothing = dict.fromkeys(("config", "models", "author", "ts_ms", "published_ms"))
        held = found["desired"] or {**nothing, "updates": {}}
        return facts(
            {
                "wanted": f"version {found['version']}",
                "applied": f"version {found['applied_version']}",
                "state": found["progress"],
                "why": found["reason"],
                "by": held["author"],
                "since": moment(held["ts_ms"]),
                "sent": moment(held["published_ms"]),
                "models": held["models"],
                "updates": {subject: order["version"] for subject, order in held["updates"].items()},
                "config": None if not held["config"] else json.dumps(held["config"], indent=2),
            }
        )

    show(asked, lambda client: client.get(f"devices/{part(device)}/desired"), draw)


@desired.command(
    "set",
    epilog=f"""\b
Examples:
  skerry fleet desired set cam-7 --config night.toml
  skerry fleet desired set cam-7 --model camera=tiny-voc
  skerry fleet desired set cam-7 --config night.toml --from-version 3

A version is whole: what it does not name is as the device's own file has it. With --from-version it is refused where
another version holds by now.

{EXIT_CODES}""",
)
@click.argument("device")
@_config_option
@_model_option
@click.option("--from-version", type=click.IntRange(min=0), help="The version that you looked at; 0 for none.")
@server_options
def set_(
    *, asked: Asked, device: str, config_file: Path | None, models: tuple[str, ...], from_version: int | None
) -> None:
    """Make the next version for DEVICE."""
    from skerry_server.fleet.client import part  # noqa: PLC0415  # keeps `--help` fast

    body = {"config": read_table(config_file), "models": pairs(models)}
    tag = "*" if from_version is None else f'"{from_version}"'
    with asked.client() as client:
        found = client.ask("PUT", f"devices/{part(device)}/desired", body=body, headers={"if-match": tag})
    click.echo(json.dumps(found) if asked.as_json else f"{device}: version {found['version']}")


@desired.command(
    epilog=f"""\b
Examples:
  skerry fleet desired stage cameras --model camera=tiny-voc
  skerry fleet desired apply 12

Nothing is sent before it is applied; what would change where is shown.

{EXIT_CODES}"""
)
@click.argument("group")
@_config_option
@_model_option
@server_options
def stage(*, asked: Asked, group: str, config_file: Path | None, models: tuple[str, ...]) -> None:
    """Prepare what the devices of GROUP are to run."""
    body = {"group": group, "config": read_table(config_file), "models": pairs(models)}
    with asked.client() as client:
        made = client.ask("POST", "stages", body=body)
        found = client.get(f"stages/{made['id']}")
    _show_stage(asked, found)


@desired.command(epilog=f"\b\nExamples:\n  skerry fleet desired stages\n\n{EXIT_CODES}")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many.")
@server_options
def stages(*, asked: Asked, limit: int) -> None:
    """List what was staged, newest first."""
    from skerry_server.fleet.views import stage_table  # noqa: PLC0415  # keeps `--help` fast

    show(asked, lambda client: list(client.pages("stages", "stages", {}, limit=limit)), stage_table)


@desired.command(epilog=f"\b\nExamples:\n  skerry fleet desired diff 12\n\n{EXIT_CODES}")
@click.argument("number", metavar="STAGE", type=click.IntRange(min=1))
@server_options
def diff(*, asked: Asked, number: int) -> None:
    """Show what STAGE would change on which device."""
    with asked.client() as client:
        found = client.get(f"stages/{number}")
    _show_stage(asked, found)


@desired.command(
    "show",
    epilog=f"""\b
Examples:
  skerry fleet desired show 12
  skerry fleet desired show 12 --watch

Of an applied stage: which device has it, which refused it and why, which has yet to. Before that: what it would change.

{EXIT_CODES}""",
)
@click.argument("number", metavar="STAGE", type=click.IntRange(min=1))
@watch_option
@server_options
def show_(*, asked: Asked, number: int) -> None:
    """Show how far STAGE has come."""
    from skerry_server.fleet.views import stage_facts  # noqa: PLC0415  # keeps `--help` fast

    show(asked, lambda client: client.get(f"stages/{number}"), stage_facts)


@desired.command(
    epilog=f"""\b
Examples:
  skerry fleet desired apply 12
  skerry fleet desired show 12 --watch

Devices are told at once, or when they come back; each may refuse. The second command shows what became of it.

{EXIT_CODES}"""
)
@click.argument("number", metavar="STAGE", type=click.IntRange(min=1))
@server_options
def apply(*, asked: Asked, number: int) -> None:
    """Make STAGE the next version of every device in its group."""
    with asked.client() as client:
        found = client.ask("POST", f"stages/{number}/apply")
    if asked.as_json:
        click.echo(json.dumps(found))
        return
    click.echo(
        f"ordered for {len(found['versions'])} devices; what they make of it: skerry fleet desired show {number}"
    )


@desired.command(epilog=f"\b\nExamples:\n  skerry fleet desired discard 12\n\n{EXIT_CODES}")
@click.argument("number", metavar="STAGE", type=click.IntRange(min=1))
@server_options
def discard(*, asked: Asked, number: int) -> None:
    """Let go STAGE."""
    with asked.client() as client:
        found = client.ask("POST", f"stages/{number}/discard")
    click.echo(json.dumps(found) if asked.as_json else f"discarded {number}")


def _show_stage(asked: Asked, found: dict[str, Any]) -> None:
    from skerry_server.fleet.views import stage_facts  # noqa: PLC0415  # keeps `--help` fast

    if asked.as_json:
        click.echo(json.dumps(found))
        return
    print_table(stage_facts(found))


def read_table(file: Path | None) -> dict[str, Any]:
    """Return what a TOML or JSON file holds, nothing where there is none. Raises ConfigError and ReachError."""
    from skerry_edge.foundation.config import read_toml  # noqa: PLC0415  # keeps `--help` fast
    from skerry_edge.foundation.errors import ConfigError  # noqa: PLC0415  # as above

    if file is None:
        return {}
    text = read_toml(file)
    try:
        found = json.loads(text) if file.suffix == ".json" else _toml(text)
        json.dumps(found, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise ConfigError("this is no configuration", where=str(file), found=str(error)) from error
    if not isinstance(found, dict):
        raise ConfigError("a configuration is a table", where=str(file), found=type(found).__name__)
    return found


def _toml(text: str) -> dict[str, Any]:
    import msgspec  # noqa: PLC0415  # keeps `--help` fast

    decoded: dict[str, Any] = msgspec.toml.decode(text)
    return decoded

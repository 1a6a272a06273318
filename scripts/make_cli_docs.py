"""Write docs/cli.md, the reference of every command and option, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from skerry_edge.cli import root

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
WIDTH = 100
HEADER = "# Command line\n\nMade by `make docs` from each command's own `--help`.\n"


def commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield ``command`` and all commands below it, each with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                yield from commands(child, (*path, name))


def render() -> str:
    """Return the whole document."""
    known = dict(commands(root, ("skerry",)))
    parts = [HEADER]
    for path, command in known.items():
        text = "\n".join(line.rstrip() for line in command.get_help(context_of(path, known)).splitlines())
        parts.append(f"## `{' '.join(path)}`\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def context_of(path: tuple[str, ...], known: dict[tuple[str, ...], click.Command]) -> click.Context:
    """Return the context in which the command called by ``path`` would print its help."""
    command = known[path]
    parent = context_of(path[:-1], known) if len(path) > 1 else None
    return click.Context(command, info_name=path[-1], parent=parent, terminal_width=WIDTH, **command.context_settings)


if __name__ == "__main__":
    DOCUMENT.write_text(render(), encoding="utf-8")

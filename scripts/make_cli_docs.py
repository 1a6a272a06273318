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
    parts = [HEADER]
    for path, command in commands(root, ("skerry",)):
        context: click.Context | None = None
        for word in path:
            context = click.Context(command, info_name=word, parent=context, max_content_width=WIDTH)
        if context is not None:
            context.terminal_width = WIDTH
            text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
            parts.append(f"## `{' '.join(path)}`\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    DOCUMENT.write_text(render(), encoding="utf-8")

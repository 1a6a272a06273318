"""What all commands of `skerry fleet` share: whom they ask, and how the answer is shown, once or again and again."""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import RenderableType

    from skerry_server.fleet.client import Client

EXIT_CODES = """\b
Exit codes:
  0  done
  1  the device said no: a command failed
  2  wrong usage or configuration, or the server refuses it
  4  the server cannot be reached, or cannot answer now
"""
LEAST_WIDTH = 80
WATCH_S = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """How to ask and how to show."""

    url: str | None
    token_file: Path | None
    as_json: bool
    watch_s: float | None

    def client(self) -> AbstractContextManager[Client]:
        """Give a client of the server that is meant. Raises ConfigError and ReachError."""
        from skerry_server.fleet.account import find_account  # noqa: PLC0415  # keeps `--help` fast
        from skerry_server.fleet.client import connected  # noqa: PLC0415  # as above

        return connected(find_account(url=self.url, token_file=self.token_file))


def server_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say whom to ask and how to answer; the command gets them as ``asked``."""

    @functools.wraps(command)
    def run(
        *,
        server: str | None,
        token_file: Path | None,
        as_json: bool,
        watch: float | None = None,
        **rest: Any,  # noqa: ANN401  # click's
    ) -> None:
        command(asked=Asked(url=server, token_file=token_file, as_json=as_json, watch_s=watch), **rest)

    options = (
        click.option("--server", metavar="URL", help="The server; without it $SKERRY_SERVER, else where login was."),
        click.option(
            "--token-file",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="A small file with a token; without it $SKERRY_TOKEN, else that of login.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables."),
    )
    wrapped: Callable[..., None] = run
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped


watch_option = click.option(
    "--watch",
    is_flag=False,
    flag_value=WATCH_S,
    type=click.FloatRange(0.2, 3600),
    metavar="[SECONDS]",
    help=f"Ask again and again, every {WATCH_S:g} s or as given, until Ctrl-C.",
)


def show(asked: Asked, read: Callable[[Client], Any], draw: Callable[[Any], RenderableType]) -> None:
    """Show what ``read`` gives: as JSON, or as ``draw`` draws it; again and again where that is wanted."""
    with asked.client() as client:
        while True:
            found = read(client)
            if asked.as_json:
                click.echo(json.dumps(found))
            else:
                if asked.watch_s is not None and sys.stdout.isatty():
                    click.clear()
                print_table(draw(found))
            if asked.watch_s is None:
                return
            time.sleep(asked.watch_s)


def print_table(drawn: RenderableType) -> None:
    """Print to the terminal as wide as it is, and elsewhere as wide as it takes; a table without rows as `none`."""
    from rich.console import Console  # noqa: PLC0415  # keeps `--help` fast
    from rich.table import Table  # noqa: PLC0415  # as above

    if isinstance(drawn, Table) and not drawn.row_count:
        click.echo("none")
        return

    console = Console(soft_wrap=False)
    if not console.is_terminal:
        console = Console(width=max(LEAST_WIDTH, console.width), force_terminal=False)
    console.print(drawn)

"""Waiting for the answers to commands: each is told on standard error as it comes, and first who is away."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from skerry_server.fleet.tables import moment, printable

if TYPE_CHECKING:
    from skerry_server.fleet.client import Client

POLL_S = 0.3
ASKED_PER_S = 50.0
"""Commands asked about in a second: half of what one visitor may ask."""
ENDED = ("done", "failed", "expired")
NAMED = 10
Command = dict[str, Any]
Say = Callable[[str, int], None]
"""Is told a line, and how many have answered."""


def await_answers(
    client: Client, found: Sequence[Command], *, say: Say, sleep: Callable[[float], None] = time.sleep
) -> list[Command]:
    """Return the commands when each has ended; it does so at the latest when it expires."""
    held = {one["id"]: one for one in found}
    while waiting := [one for one in held.values() if one["state"] not in ENDED]:
        sleep(max(POLL_S, len(waiting) / ASKED_PER_S))
        for one in waiting:
            now = held[one["id"]] = client.get(f"commands/{one['id']}")
            if now["state"] in ENDED:
                say(_answer_line(now), sum(other["state"] in ENDED for other in held.values()))
    return list(held.values())


def away_text(found: Sequence[Command], offline: Iterable[dict[str, Any]]) -> str | None:
    """Return who of those that ``found`` orders is away, since when, and how long is waited; None for nobody."""
    ordered = {one["device"]: one for one in found if one["state"] not in ENDED}
    away = [one for one in offline if one["device"] in ordered]
    if not away:
        return None
    names = ", ".join(f"{one['device']} (since {moment(one['since_ms'])})" for one in away[:NAMED])
    more = f" and {len(away) - NAMED} more" if len(away) > NAMED else ""
    until = moment(max(ordered[one["device"]]["expires_ms"] for one in away))
    return (
        f"offline: {names}{more}. Their answers are awaited until {until}, when the command expires; "
        "Ctrl-C ends the waiting and not the command, --no-wait does not wait at all"
    )


@contextmanager
def shown_answers(total: int) -> Iterator[Say]:
    """Give a function that writes lines to standard error, under which a terminal has a bar of ``total``."""
    if not sys.stderr.isatty():
        yield lambda line, _: click.echo(printable(line), err=True)
        return
    from rich.console import Console  # noqa: PLC0415  # keeps `--help` fast
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415  # as above
    from rich.text import Text  # noqa: PLC0415  # as above

    console = Console(stderr=True)
    columns = (TextColumn("answers"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)

        def say(line: str, answered: int) -> None:
            bar.console.print(Text(printable(line)))
            bar.update(task, completed=answered)

        yield say


def _answer_line(one: Command) -> str:
    return f"{one['device']}: {one['state']}" + (f", {one['message']}" if one["message"] else "")

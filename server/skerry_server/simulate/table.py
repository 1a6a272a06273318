"""What `skerry simulate` says to people: the expectation as tables, and the differences that a check found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from skerry_edge.contracts.messages import session_order
from skerry_server.simulate.comparison import Difference
from skerry_server.simulate.expectation import Expectation

MAX_ROWS = 50


def print_expectation(expectation: Expectation, console: Console) -> None:
    """Print what the server must show now; of a large fleet the first devices, and all in numbers."""
    console.print(_devices(expectation), soft_wrap=True)
    if len(expectation.devices) > MAX_ROWS:
        rest = len(expectation.devices) - MAX_ROWS
        console.print(f"and {rest} more devices: --json or --expect FILE has all", highlight=False)
    states: Counter[str] = Counter(one.presence for one in expectation.devices)
    _print_counts(console, "devices", states)
    _print_counts(console, "dead letters", expectation.dead_letters)
    _print_counts(console, "published", expectation.sent)


def print_differences(differences: Sequence[Difference], console: Console) -> None:
    """Print where the server shows something else; of many the first."""
    table = _table("The server shows something else", "of", "figure", "expected", "found")
    for one in differences[:MAX_ROWS]:
        table.add_row(one.subject, one.figure, one.expected, one.found)
    console.print(table, soft_wrap=True)
    if len(differences) > MAX_ROWS:
        console.print(f"and {len(differences) - MAX_ROWS} more differences: --json has all", highlight=False)


def _devices(expectation: Expectation) -> Table:
    table = _table("The server must show", "device", "site", "presence", "reason", "clock")
    for column in ("seq", "heartbeats", "events"):
        table.add_column(column, justify="right")
    for one in expectation.devices[:MAX_ROWS]:
        is_off = str(session_order(one.session)) in one.clock_offsets_s
        numbers = (str(number) for number in (one.seq, one.heartbeats, one.events))
        table.add_row(one.device, one.site, one.presence, one.reason or "", "off" if is_off else "", *numbers)
    return table


def _print_counts(console: Console, title: str, counts: Mapping[str, int]) -> None:
    parts = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    console.print(f"{title}: {parts or 'none'}", highlight=False, soft_wrap=True)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    return table

"""The demo's closing table: events by kind and label, heartbeats by device, latencies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from skerry_server.demo.agent import DEVICE
from skerry_server.demo.agreement import Agreement
from skerry_server.demo.arrivals import Arrivals, percentile

SIMULATED = "simulated devices"


def print_arrivals(arrivals: Arrivals, console: Console) -> None:
    """Print what arrived in the store."""
    console.print(_events(arrivals))
    console.print(_heartbeats(arrivals))
    console.print(_latencies(arrivals))
    if arrivals.dead_letters:
        console.print(f"among the dead letters, messages that were refused: {arrivals.dead_letters}")


def print_agreement(agreement: Agreement, console: Console) -> None:
    """Print how far what was detected is what the drive shows, the first time that it is played."""
    console.print(
        f"signs of the drive: {agreement.shown} shown, {agreement.found} of them detected and named rightly; "
        f"{agreement.wrong} of {agreement.events} detections fit no sign",
        highlight=False,
        soft_wrap=True,
    )


def _events(arrivals: Arrivals) -> Table:
    table = _table("Events in the store", "kind", "label", "device", numbers=["events"])
    counts = Counter((one.kind, one.label, DEVICE if one.device == DEVICE else SIMULATED) for one in arrivals.events)
    for (kind, label, device), count in sorted(counts.items()):
        table.add_row(kind, label, device, str(count))
    if not counts:
        table.add_row("none", "", "", "0")
    return table


def _heartbeats(arrivals: Arrivals) -> Table:
    table = _table("Heartbeats in the store", "device", numbers=["heartbeats"])
    for device, count in sorted(arrivals.heartbeats.items()):
        table.add_row(device, str(count))
    if not arrivals.heartbeats:
        table.add_row("none", "0")
    return table


def _latencies(arrivals: Arrivals) -> Table:
    # Only what was measured: a simulated device makes its figures up.
    events = [one for one in arrivals.events if one.device == DEVICE]
    table = _table(f"Latency of '{DEVICE}' in ms", "from, to", numbers=["p50", "p95", "of"])
    for kind in sorted({one.kind for one in events}):
        decided = [one.latency_ms for one in events if one.kind == kind and one.latency_ms is not None]
        _add(table, f"{kind}: capture to decision", decided)
        _add(table, f"{kind}: capture to server", [float(one.delivery_ms) for one in events if one.kind == kind])
    return table


def _add(table: Table, name: str, values: Sequence[float]) -> None:
    if values:
        table.add_row(name, f"{percentile(values, 0.50):.1f}", f"{percentile(values, 0.95):.1f}", str(len(values)))


def _table(title: str, *columns: str, numbers: Iterable[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    for column in numbers:
        table.add_column(column, justify="right")
    return table

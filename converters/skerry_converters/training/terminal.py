"""A run's progress for people: a bar on stderr where that is a terminal, lines on stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from skerry_converters.training.metrics import TrainingEntry, ValidationEntry


@contextmanager
def watched(*, lines: bool) -> Iterator[ShownRun]:
    """Show a run while the body goes on; ``lines`` says whether to print what is measured on stdout."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with bar:
        yield ShownRun(bar, lines=lines)


class ShownRun:
    """The watcher of a run at a terminal, or in a log file."""

    def __init__(self, bar: Progress, *, lines: bool) -> None:
        self._bar = bar
        self._task: TaskID = bar.add_task("", total=1.0)
        self._lines = lines

    def preparing(self, what: str, done: int, total: int) -> None:
        """Show what comes before training."""
        self._bar.update(self._task, description=what, completed=done / max(1, total))

    def advanced(self, done: float) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=done)

    def measured(self, entry: TrainingEntry | ValidationEntry) -> None:
        """Show the newest loss in the bar, and print each validation."""
        if isinstance(entry, TrainingEntry):
            text = f"{entry.side_px} px, loss {entry.loss:.2f}, {entry.images_per_s:.0f} pictures/s"
            self._bar.update(self._task, description=text)
            return
        self._print(validation_line(entry))

    def note(self, text: str) -> None:
        """Print a line."""
        self._print(text)

    def _print(self, text: str) -> None:
        if self._lines:
            click.echo(text)


def validation_line(entry: ValidationEntry) -> str:
    """Return what a validation found, on one line."""
    parts = [f"step {entry.step}", f"{entry.minutes:.1f} minutes"]
    parts.append("AP50 -" if entry.ap50 is None else f"AP50 {entry.ap50:.4f}")
    if entry.false_per_empty is not None:
        parts.append(f"{entry.false_per_empty:.3f} false detections per picture without objects")
    return ", ".join(parts)

"""How far `skerry models pull` is: a bar on stderr where that is a terminal, notes on stderr in any case."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import TransferSpeedColumn as SpeedColumn


class PullProgress:
    """One line for each file that is brought."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task: TaskID | None = None

    def begin(self, name: str) -> None:
        """Show a file, of which nothing is known to be there yet."""
        self._task = self._bar.add_task(name, total=None)

    def at(self, done_bytes: int, total_bytes: int) -> None:
        """Show how much of it is there."""
        if self._task is not None:
            self._bar.update(self._task, completed=done_bytes, total=total_bytes)

    def note(self, text: str) -> None:
        """Print a line above the bar. What a server said is text, never markup."""
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def shown_progress() -> Iterator[PullProgress]:
    """Show progress for as long as the context lasts."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), SpeedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(
        *columns,
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        disable=not sys.stderr.isatty(),
    ) as bar:
        yield PullProgress(bar)

"""A conversion's progress on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from skerry_converters.conversion.progress import Progress, Silence


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Show a progress bar on stderr where that is a terminal; native libraries' chatter is kept out of it."""
    if not sys.stderr.isatty():
        yield Silence()
        return
    # A descriptor of its own, since descriptor 2 is held back while the runtimes run.
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8") as terminal:
        columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Bar(*columns, console=Console(file=terminal), transient=True) as bar:
            yield _Shown(bar, bar.add_task("", total=None))


class _Shown:
    def __init__(self, bar: Bar, task: TaskID) -> None:
        self._bar = bar
        self._task = task
        self._begun = 0
        self._what = ""

    def expect(self, steps: int) -> None:
        self._bar.update(self._task, total=steps)

    def step(self, what: str) -> None:
        self._what = what
        self._bar.update(self._task, description=what, completed=self._begun)
        self._begun += 1

    def part(self, done: int, total: int) -> None:
        self._bar.update(self._task, description=f"{self._what}: {done} of {total}")

    def note(self, what: str) -> None:
        self._bar.update(self._task, description=what)

"""How far `skerry listen` is: a bar over the recordings on stderr, and how much of the present one was heard."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from skerry_edge.audio.pcm import SAMPLE_RATE_HZ, AudioSource, Pcm


class ListenProgress:
    """Counts sources, and the seconds heard of the newest one."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar = bar
        self._task = task
        self._heard_s = 0.0

    def begin(self, source: AudioSource) -> None:
        """Turn to the next source."""
        self._heard_s = 0.0
        self._bar.update(self._task, description=source.name, heard=0.0)

    def heard(self, pcm: Pcm) -> None:
        """Count samples of the present source."""
        self._heard_s += len(pcm) / SAMPLE_RATE_HZ
        self._bar.update(self._task, heard=self._heard_s)

    def end(self) -> None:
        """Count the present source as done."""
        self._bar.advance(self._task)


@contextmanager
def progress_over(sources: list[AudioSource]) -> Iterator[ListenProgress]:
    """Show a bar while the body runs, where stderr is a terminal; of a microphone it shows that sound comes in."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[heard]:.0f} s heard"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        yield ListenProgress(bar, bar.add_task("", total=len(sources), heard=0.0))

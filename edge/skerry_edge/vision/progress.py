"""How far `skerry detect` is: a bar over pictures and frames on stderr."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


def progress_bar(*, lines_on_stdout: bool) -> Progress:
    """Return a bar that shows itself where stderr is a terminal, and vanishes when done.

    With ``lines_on_stdout``, results come line by line while it runs; on one terminal the two would mix.
    """
    shown = sys.stderr.isatty() and not (lines_on_stdout and sys.stdout.isatty())
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    # Rich would lead what others print on stdout to its own console, which is stderr.
    return Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        disable=not shown,
    )

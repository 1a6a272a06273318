"""Standard output that may be gone: a reader that left, a disk that is full."""

from __future__ import annotations

import os
import select
import sys

_DESCRIPTOR = 1


def announce(text: str) -> None:
    """Print a line that a process can do without: where standard output takes nothing, the process runs on."""
    try:
        print(text, flush=True)  # noqa: T201  # standard output is what this is about
    except OSError:
        abandon_stdout()


def reader_is_gone() -> bool:
    """Tell whether standard output is a pipe that nobody reads any more (poll(2), POLLERR)."""
    poll = select.poll()
    poll.register(_DESCRIPTOR, select.POLLOUT)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def abandon_stdout() -> None:
    """Let everything that is still to be printed go nowhere, so that the interpreter's last flush cannot fail."""
    if sys.stdout is None:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _DESCRIPTOR)
    if nowhere != _DESCRIPTOR:
        os.close(nowhere)

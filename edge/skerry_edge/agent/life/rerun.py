"""The agent started anew in its own process: with its whole command line, its standard input and its process id."""

from __future__ import annotations

import os
import sys


def run_again() -> None:
    """Put a new run of the same command in the place of this process; it never returns. Raises OSError.

    A service manager sees one process that goes on, and needs no rule for restarts that were asked for.
    """
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # no shell is wanted

"""The agent started anew in its own process: with its whole command line, its standard input and its process id."""

from __future__ import annotations

import json
import os
import sys

from skerry_edge.ota.launcher import LAUNCHER_VARIABLE


def run_again() -> None:
    """Put a new run of the same command in the place of this process; it never returns. Raises OSError.

    Where a launcher has started it, that decides again from which slot the agent runs.

    A service manager sees one process that goes on, and needs no rule for restarts that were asked for.
    """
    launched = os.environ.get(LAUNCHER_VARIABLE)
    command = json.loads(launched) if launched else [sys.executable, *sys.orig_argv[1:]]
    os.execv(command[0], command)  # noqa: S606  # no shell is wanted

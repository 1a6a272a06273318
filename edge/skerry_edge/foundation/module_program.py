"""A module run as a program of its own, which imports from where this process does and from nowhere else."""

from __future__ import annotations

import sys

_RUN = (
    "import sys; sys.path[:] = [sys.argv.pop(1), *filter(None, sys.path)]; import runpy; "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)
"""What `-m` does, but for the first place of `sys.path`: `-m` puts the working directory there, `-c` its empty name."""


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command line that runs ``module`` as `python -m` does, with this process's first place to import from.

    Whatever lies in the directory where somebody calls `skerry` is not to be imported; the program still runs there, so
    that relative paths mean what they mean here.
    """
    return [sys.executable, "-c", _RUN, sys.path[0], module, *arguments]

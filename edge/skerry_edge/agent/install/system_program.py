"""A program of the system, run to its end."""

from __future__ import annotations

import subprocess

from skerry_edge.foundation.errors import MissingError, ReachError

_TIMEOUT_S = 120.0


def run_program(program: tuple[str, ...]) -> str:
    """Return what a program wrote. Raises MissingError without it, ReachError where it fails or does not end."""
    try:
        done = subprocess.run(
            program, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False
        )
    except FileNotFoundError as error:
        raise MissingError(
            "a program of the system is not there", found=program[0], todo=f"install what brings {program[0]}"
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ReachError("a program of the system cannot be run", where=" ".join(program), found=str(error)) from error
    if done.returncode != 0:
        raise ReachError(
            "a program of the system failed",
            where=" ".join(program),
            found=done.stderr.strip()[:500] or f"exit code {done.returncode}",
            todo="mend what it complains of, and run this again: it goes on from here",
        )
    return done.stdout

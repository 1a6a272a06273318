"""A slot built from a release: a virtual environment of nothing but the wheels whose hashes were signed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from skerry_edge.foundation.errors import MissingError, ReachError, VerdictError

_MAX_WORDS = 600
_BUILD_S = 1800.0
"""A card of the slowest kind takes minutes for the largest wheels."""
_ASK_S = 120.0
_ASK = "import skerry_edge.agent.parent, skerry_edge; print(skerry_edge.__version__)"
"""Imports all that the agent's own process needs, and tells which it is."""


def build(slot: Path, wheelhouse: Path) -> None:
    """Make the folder ``slot`` anew from an unpacked release.

    Nothing is fetched: pip gets the wheels of the release, each pinned by its hash. Raises MissingError where this
    Python makes no environments, VerdictError where the wheels do not go together, ReachError for the disk.
    """
    try:
        if slot.exists():
            shutil.rmtree(slot)
    except OSError as error:
        raise ReachError("cannot empty a slot", where=str(slot), found=error.strerror) from error
    _run([_interpreter(), "-I", "-m", "venv", str(slot)], "cannot make a virtual environment", MissingError)
    _run(
        [
            *(
                str(slot / "bin" / "python"),
                "-I",
                "-m",
                "pip",
                "install",
                "--isolated",
                "--quiet",
                "--no-input",
                "--disable-pip-version-check",
            ),
            *("--no-cache-dir", "--no-index", "--require-hashes", "--only-binary", ":all:"),
            *("--find-links", str(wheelhouse / "wheels")),
            *("--requirement", str(wheelhouse / "requirements.txt")),
        ],
        "the wheels of the release cannot be installed",
        VerdictError,
    )
    # Thousands of small files: one call for all, before anything says that the slot is whole.
    os.sync()


def version_in(slot: Path) -> str:
    """Return the version of the agent in a slot, after calling and importing it there. Raises VerdictError."""
    _call(str(slot / "bin" / "skerry"))
    command = [str(slot / "bin" / "python"), "-I", "-c", _ASK]
    return _run(command, "the agent in the slot cannot be imported", VerdictError, limit_s=_ASK_S).strip()


def version_of(program: str) -> str:
    """Return the version of the program that was installed, after calling it. Raises VerdictError."""
    _call(program)
    told = _run([program, "--version"], "the program cannot tell its version", VerdictError, limit_s=_ASK_S)
    return told.strip().rpartition(" ")[2]


def _call(program: str) -> None:
    _run([program, "agent", "run", "--help"], "the agent in the slot cannot be called", VerdictError, limit_s=_ASK_S)


def _interpreter() -> str:
    """Return the Python that this one's environment was made from: the slot must not depend on another slot."""
    return getattr(sys, "_base_executable", None) or sys.executable


def _environment() -> dict[str, str]:
    """Return this process's environment without what could have Python or pip take something from elsewhere."""
    return {key: one for key, one in os.environ.items() if not key.startswith(("PIP_", "PYTHON", "VIRTUAL_ENV"))} | {
        "PIP_CONFIG_FILE": os.devnull
    }


def _run(command: list[str], what: str, kind: type[MissingError | VerdictError], *, limit_s: float = _BUILD_S) -> str:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s,
            check=False,
            env=_environment(),
        )
    except subprocess.TimeoutExpired as error:
        raise kind(what, found=f"no end after {limit_s:.0f} s") from error
    except OSError as error:
        raise ReachError(what, where=command[0], found=error.strerror) from error
    if done.returncode != 0:
        raise kind(what, found=(done.stderr or done.stdout).strip()[-_MAX_WORDS:] or f"exit code {done.returncode}")
    return done.stdout

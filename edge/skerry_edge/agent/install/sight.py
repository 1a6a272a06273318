"""What the service can see: the unit takes homes and temporary directories out of its sight."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

from skerry_edge.foundation.errors import ConfigError

_HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108  # places that are refused
"""What ProtectHome= and PrivateTmp= of the unit take out of the service's sight."""
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9/._+-]+")


def require_visible(program: str, root: Path) -> None:
    """Refuse a program, or a Python behind its environment, that the unit hides from the service."""
    if not _PLAIN_PATH.fullmatch(program):
        todo = "use a path of letters, digits and / . _ + - alone: systemd reads other signs in its own way"
        raise ConfigError(
            "the program's path cannot stand in a unit", where="--program", found=repr(program), todo=todo
        )
    interpreter = (root / program.lstrip("/")).parent / "python3"
    real = [str(interpreter.resolve())] if root == Path("/") and interpreter.exists() else []
    for place in (program, *real):
        path = os.path.normpath(place)
        if is_hidden(path):
            raise ConfigError(
                "the service could not see the program that it is to run",
                where="--program",
                found=f"'{path}'",
                todo="make an environment elsewhere (/usr/bin/python3 -m venv /opt/skerry) and install Skerry there",
            )


def is_hidden(path: str) -> bool:
    """Tell whether a path lies where the service cannot see it."""
    return any(PurePosixPath(os.path.normpath(path)).is_relative_to(place) for place in _HIDDEN)

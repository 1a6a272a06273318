"""What the service can see: the unit takes homes and temporary directories out of its sight."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from skerry_edge.foundation.errors import ConfigError

_BY_SETTING = {
    "ProtectHome": ("/home", "/root", "/run/user"),
    "PrivateTmp": ("/tmp", "/var/tmp"),  # noqa: S108  # places that are out of sight
}
"""What settings of a unit take out of its service's sight (systemd.exec(5))."""
HIDDEN = tuple(place for places in _BY_SETTING.values() for place in places)
"""What our own unit takes out of it."""
_SETTING = re.compile(r"^(?P<name>ProtectHome|PrivateTmp)=(?P<value>\S*)", re.MULTILINE)
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
                todo="with the system's Python: /usr/bin/python3 -m venv --clear /opt/skerry, and Skerry in it",
            )


def is_hidden(path: str, places: Iterable[str] = HIDDEN) -> bool:
    """Tell whether a path lies where a service cannot see it."""
    return any(PurePosixPath(os.path.normpath(path)).is_relative_to(place) for place in places)


def hidden_by(unit: str) -> tuple[str, ...]:
    """Return the places that a unit's text, its drop-ins behind it, takes out of its service's sight."""
    last = {match["name"]: match["value"] for match in _SETTING.finditer(unit)}
    return tuple(
        place
        for name, value in last.items()
        if value.lower() not in ("", "no", "false", "0", "off", "read-only")
        for place in _BY_SETTING[name]
    )

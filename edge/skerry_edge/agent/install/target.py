"""Which systemd a file tree has: as its own files tell, its distribution, or its board's usual system."""

from __future__ import annotations

import re
from pathlib import Path

from skerry_boards.schema import Board
from skerry_edge.agent.install.systemd_versions import OLDEST

_LIBRARY = re.compile(r"libsystemd-shared-(?P<version>[0-9]{3})\b")
_FOLDERS = ("usr/lib/systemd", "lib/systemd", "usr/lib/*/systemd", "usr/lib64/systemd")
_RELEASES = {
    ("debian", "10"): 241,
    ("debian", "11"): 247,
    ("debian", "12"): 252,
    ("debian", "13"): 257,
    ("ubuntu", "18.04"): 237,
    ("ubuntu", "20.04"): 245,
    ("ubuntu", "22.04"): 249,
    ("ubuntu", "24.04"): 255,
}
"""As packages.debian.org and packages.ubuntu.com list them."""


def systemd_version(root: Path, board: Board) -> int:
    """Return the version of the systemd below ``root``, or in doubt an old one that the board may have."""
    return installed_systemd(root) or _released(root) or usual_systemd(board)


def usual_systemd(board: Board) -> int:
    """Return the version that comes with the system which the profile is for, `OLDEST` where it names none."""
    stock = board.system.stock_systemd if board.system else None
    return stock or OLDEST


def installed_systemd(root: Path) -> int | None:
    """Return the version by the name of systemd's own library, the older of two; None without one."""
    names = (path.name for folder in _FOLDERS for path in root.glob(f"{folder}/libsystemd-shared-*"))
    return min((int(match["version"]) for match in map(_LIBRARY.match, names) if match), default=None)


def _released(root: Path) -> int | None:
    fields: dict[str, str] = {}
    for name in ("etc/os-release", "usr/lib/os-release"):
        try:
            text = (root / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # the other place, or a tree that does not say
        said = (line.partition("=") for line in text.splitlines())
        fields = {key: value.strip().strip("\"'") for key, _, value in said} | fields
    return _RELEASES.get((fields.get("ID", ""), fields.get("VERSION_ID", "")))

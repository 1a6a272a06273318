"""Where the agent keeps its state when its configuration does not say."""

from __future__ import annotations

import os
from pathlib import Path

SYSTEM_STATE_DIR = Path("/var/lib/skerry")
_SYSTEM_CONFIG_DIR = Path("/etc/skerry")


def usual_state_dir(config_file: Path) -> Path:
    """Return the service's state directory for its own configuration and for root, else the user's own.

    That is in $XDG_STATE_HOME, or ~/.local/state (XDG Base Directory Specification 0.8).
    """
    is_services = config_file.absolute().parent == _SYSTEM_CONFIG_DIR
    if is_services or os.geteuid() == 0 or os.access(SYSTEM_STATE_DIR, os.W_OK):
        return SYSTEM_STATE_DIR
    given = Path(os.environ.get("XDG_STATE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".local/state") / "skerry"

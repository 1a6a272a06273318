"""The desired configuration that a device took on, kept over a restart."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from skerry_edge.agent.downlink.desired import NOTHING, Applied
from skerry_edge.contracts.messages import MAX_JSON_BYTES
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ReachError

_log = logging.getLogger(__name__)
FILE = "desired.json"
_MAX_BYTES = 2 * MAX_JSON_BYTES


def load_applied(state_dir: Path) -> Applied:
    """Return what was kept, or a version 0 that asks for nothing.

    A file that is damaged is set aside with a warning: the broker still holds the message and sends it again. Raises
    ReachError where the file cannot be read.
    """
    path = state_dir / FILE
    try:
        with path.open("rb") as file:
            return _checked(msgspec.json.decode(file.read(_MAX_BYTES), type=Applied))
    except FileNotFoundError:
        return NOTHING
    except OSError as error:
        raise ReachError("cannot read the desired configuration", where=str(path), found=error.strerror) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        aside = path.with_suffix(".damaged")
        _log.warning("the desired configuration in %s is damaged (%s); it is set aside as %s", path, error, aside.name)
        path.replace(aside)
        return NOTHING


def _checked(applied: Applied) -> Applied:
    if applied.sha256 != Applied.of(applied.desired).sha256:
        raise msgspec.DecodeError("its hash does not fit")
    return applied


def save_applied(state_dir: Path, applied: Applied) -> None:
    """Keep a version. Raises ReachError where the disk does not take it; what was kept before then stays."""
    write_atomic(state_dir / FILE, msgspec.json.encode(applied))

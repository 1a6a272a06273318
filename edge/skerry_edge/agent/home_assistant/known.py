"""What Home Assistant was told of a device, kept over a restart: what it knows must be said again, or taken back."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from skerry_edge.contracts.patterns import whole
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import SkerryError

_log = logging.getLogger(__name__)
FILE = "home-assistant.json"
TOPIC_PATTERN = r"^[A-Za-z0-9_/-]{1,128}/device/skerry/[a-z0-9-]{1,63}/config$"
_MAX_BYTES = 1 << 20


class Known(Struct, frozen=True, kw_only=True):
    """The discovery ``topic``, the platform of each of its ``components`` by key, and what was counted at a place."""

    topic: Annotated[str, Meta(pattern=whole(TOPIC_PATTERN))]
    components: dict[str, str]
    counted: list[tuple[str, str]]


def load_known(state_dir: Path) -> Known | None:
    """Return what Home Assistant was told, None where that is nothing or cannot be read, which is logged."""
    path = state_dir / FILE
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_MAX_BYTES), type=Known)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        _log.warning("what Home Assistant knows cannot be read from %s: %s", path, error)
        return None


def save_known(state_dir: Path, known: Known) -> None:
    """Keep what Home Assistant is told; where the disk does not take it, that is logged."""
    try:
        write_atomic(state_dir / FILE, msgspec.json.encode(known))
    except SkerryError as error:
        _log.warning("Home Assistant may go on showing what is gone: %s", error)

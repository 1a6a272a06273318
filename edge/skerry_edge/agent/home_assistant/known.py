"""What Home Assistant was told of a device, kept over a restart: what it knows must be said again, or taken back."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from skerry_edge.agent.life.state_files import StateFiles
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


_decoder: msgspec.json.Decoder[Known] = msgspec.json.Decoder(Known)


def load_known(files: StateFiles) -> Known | None:
    """Return what Home Assistant was told, None where that is nothing or cannot be used, which is told."""
    return files.read(FILE, _decoder.decode, max_bytes=_MAX_BYTES, absent=None, damaged=None)


def save_known(folder: Path, known: Known) -> None:
    """Keep what Home Assistant is told; where the disk does not take it, that is logged."""
    try:
        write_atomic(folder / FILE, msgspec.json.encode(known))
    except SkerryError as error:
        _log.warning("Home Assistant may go on showing what is gone: %s", error)


def drop_known(folder: Path) -> None:
    """Keep nothing any more, since Home Assistant was told that the device is gone."""
    try:
        (folder / FILE).unlink(missing_ok=True)
    except OSError as error:
        _log.warning("Home Assistant is told once more with the next start: %s", error)

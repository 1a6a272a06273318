"""How the launcher has started this agent: from which slot, what it passed over, and the count of its short lives."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from skerry_edge.foundation.errors import SkerryError
from skerry_edge.foundation.small_file import DAMAGED
from skerry_edge.ota import launcher
from skerry_edge.ota.slots.slots import Slots

_log = logging.getLogger(__name__)


class Start(Struct, frozen=True, kw_only=True):
    """What the launcher tells: the paths that it was given, and by slot why one that was to run does not."""

    state: str
    base: str
    passed: dict[str, str] = {}


def running_slot(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the slot that this process runs from, `base` for the program installed; None without a launcher."""
    slot = environment.get(launcher.SLOT_VARIABLE)
    return slot if slot in (*launcher.SLOTS, launcher.BASE) and launcher.LAUNCHER_VARIABLE in environment else None


def start_told(environment: Mapping[str, str] = os.environ) -> Start | None:
    """Return what the launcher told of this start; None where there is none, or one of before that tells nothing."""
    try:
        return msgspec.json.decode(environment.get(launcher.START_VARIABLE, ""), type=Start)
    except DAMAGED:
        return None


def slots_here(state_dir: Path, environment: Mapping[str, str] = os.environ) -> Slots:
    """Return the slots as this process sees them, which runs from one of them."""
    start = start_told(environment)
    running = running_slot(environment)
    if start is None:
        return Slots(state_dir, running=running)
    return Slots(state_dir, running=running, passed=start.passed, installed=start.base)


def end_well(environment: Mapping[str, str] = os.environ) -> None:
    """Take the starts back that the launcher has counted: this life ends in good order, or in words."""
    start = start_told(environment)
    if start is None:
        return
    try:
        Path(start.state, "agent", launcher.STARTS).unlink(missing_ok=True)
    except OSError as error:
        _log.warning("the launcher may count this life as a short one: %s", error.strerror)


@contextmanager
def ends_in_words() -> Iterator[None]:
    """Let an agent that can say what is wrong not pass for one that does not live: another would say the same."""
    try:
        yield
    except SkerryError:
        end_well()
        raise

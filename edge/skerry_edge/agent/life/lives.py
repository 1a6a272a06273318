"""How the agent's lives ended: crashes, unexpected reboots and the time without either, from a journal of two writes.

A life is written down when it begins, and once more when it ends well. Whoever begins and finds one that did not end
knows that it was cut short: by the machine where that has started since, else by a crash of the agent alone. Times are
from the machine's start (CLOCK_BOOTTIME), so a clock that jumps changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.contracts.messages import Count
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ReachError, SkerryError
from skerry_edge.foundation.small_file import read_small
from skerry_edge.machine.boot import boot_id, since_boot_s

_log = logging.getLogger(__name__)
JOURNAL = "lives.json"
_MAX_BYTES = 4096


class Journal(Struct, frozen=True, kw_only=True):
    """What is known about all lives. ``boot`` is the kernel's id of the machine's start in which the last one began.

    ``crash_free_s`` is the sum of the lives that ended well since the last that did not, the current one not yet in it.
    """

    boot: Annotated[str, Meta(max_length=64)]
    ended_well: bool
    agent_crashes: Count = 0
    reboots_unexpected: Count = 0
    crash_free_s: Annotated[float, Meta(ge=0.0, le=1e12)] = 0.0


def begun(last: Journal | None, boot: str) -> Journal:
    """Return the journal of a life that begins now, in the machine's start ``boot``; ``last`` is None for the first."""
    if last is None:
        return Journal(boot=boot, ended_well=False)
    if last.ended_well:
        return replace(last, boot=boot, ended_well=False)
    if last.boot == boot:
        return replace(last, agent_crashes=last.agent_crashes + 1, crash_free_s=0.0)
    return replace(last, boot=boot, reboots_unexpected=last.reboots_unexpected + 1, crash_free_s=0.0)


def ended(journal: Journal, lived_s: float) -> Journal:
    """Return the journal after a life of ``lived_s`` seconds that ended well."""
    return replace(journal, ended_well=True, crash_free_s=journal.crash_free_s + max(0.0, lived_s))


@dataclass(frozen=True, kw_only=True, slots=True)
class Lives:
    """The current life, and what came of those before it; ``journal`` is None where it cannot be kept."""

    journal: Journal | None
    began_s: float

    def fields(self, now_s: float) -> dict[str, Any]:
        """Return the fields for a heartbeat; ``now_s`` is on the clock of ``began_s``."""
        lived_s = max(0.0, now_s - self.began_s)
        if self.journal is None:
            return {"agent_uptime_s": lived_s}
        return {
            "agent_uptime_s": lived_s,
            "agent_crashes": self.journal.agent_crashes,
            "reboots_unexpected": self.journal.reboots_unexpected,
            "crash_free_s": self.journal.crash_free_s + lived_s,
        }


@contextmanager
def noted_life(files: StateFiles) -> Iterator[Lives]:
    """Note that a life begins and, where the body returns or raises a SkerryError, that it ended well.

    Such an error is an end that was told, with an exit code; whatever else ends the body is a crash. A journal that
    cannot be read or kept costs these figures, not the agent: it is told in the log.
    """
    path = files.folder / JOURNAL
    last = files.read(JOURNAL, _journal, max_bytes=_MAX_BYTES, absent=None, damaged=None)
    journal = None if files.is_unread(JOURNAL) else _kept(path, begun(last, boot_id()))
    lives = Lives(journal=journal, began_s=since_boot_s())
    try:
        yield lives
    except SkerryError:
        _end(path, lives)
        raise
    _end(path, lives)


def keep_journal(files: StateFiles, lives: Lives) -> None:
    """Have the current life noted on disk once more, where that lost it. Raises ReachError."""
    if lives.journal is not None:
        write_atomic(files.folder / JOURNAL, msgspec.json.encode(lives.journal))


def read_journal(path: Path) -> Journal | None:
    """Return the journal of an agent that may be running; None where there is none, or where it is damaged."""
    try:
        return _journal(read_small(path, _MAX_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, ValueError, RecursionError) as error:
        _log.warning("the journal of crashes in %s cannot be read: %s", path, error)
        return None


def _journal(data: bytes) -> Journal | None:
    return msgspec.json.decode(data, type=Journal)


def _end(path: Path, lives: Lives) -> None:
    if lives.journal is not None:
        _kept(path, ended(lives.journal, since_boot_s() - lives.began_s))


def _kept(path: Path, journal: Journal) -> Journal | None:
    try:
        write_atomic(path, msgspec.json.encode(journal))
    except ReachError as error:
        _log.warning("crashes and reboots cannot be counted: %s", error)
        return None
    return journal

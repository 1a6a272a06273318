"""The journal of updates: one small file that is the only truth between the agent, its worker and their next lives."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from skerry_edge.contracts.messages import Count, Id
from skerry_edge.contracts.release import Subject
from skerry_edge.contracts.updates import UpdateOutcome
from skerry_edge.foundation.atomic import sync_directory, write_atomic
from skerry_edge.foundation.errors import ReachError
from skerry_edge.foundation.small_file import read_small
from skerry_edge.ota.machine.record import Record

FILE = "journal"
ASIDE = "journal.damaged"
_MAX_BYTES = 256 * 1024
_DIGEST_CHARS = 64
_encoder = msgspec.json.Encoder()
_MOMENTARY = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR, errno.EAGAIN, errno.EACCES})
"""Reading that fails for one of these says nothing about the file."""


class Finished(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last order of a subject that came to its end, and how: it is known again, and not begun anew."""

    order: Id
    outcome: UpdateOutcome
    reason: str | None = None


class Journal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is under way, None where nothing is, the last finished order of each subject, and how often it was lost."""

    v: Literal[1] = 1
    record: Record | None = None
    finished: dict[Subject, Finished] = {}
    damaged: Count = 0


class DamagedJournalError(ReachError):
    """The journal was not what was written, and has been set aside; what was on trial is not known any more."""


class JournalFile:
    """Reads and writes the journal, whole: behind a hash, so that a bit that fell over is not taken for a state."""

    def __init__(self, folder: Path) -> None:
        """Keep it in ``folder``, which is made where it is missing."""
        self._folder = folder
        self._path = folder / FILE

    def read(self) -> Journal:
        """Return the journal, an empty one where there is none yet.

        Raises ReachError where it cannot be read at this moment, and DamagedJournalError where it is not what was
        written: then it is set aside, and the next reading gives an empty one that counts the damage.
        """
        try:
            return _decoded(read_small(self._path, _MAX_BYTES))
        except FileNotFoundError:
            return Journal(damaged=1) if (self._folder / ASIDE).exists() else Journal()
        except OSError as error:
            if error.errno in _MOMENTARY:
                raise ReachError("cannot read the journal", where=str(self._path), found=error.strerror) from error
            reason = error.strerror or str(error)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            reason = str(error)[:200]
        self._set_aside()
        raise DamagedJournalError("the journal of updates is damaged", where=str(self._path), found=reason)

    def write(self, journal: Journal) -> None:
        """Replace the journal. Raises ReachError, and then the old one stays."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ReachError("cannot make a folder", where=str(self._folder), found=error.strerror) from error
        body = _encoder.encode(journal)
        write_atomic(self._path, hashlib.sha256(body).hexdigest().encode() + b"\n" + body, mode=0o600)

    def _set_aside(self) -> None:
        try:
            os.replace(self._path, self._folder / ASIDE)  # noqa: PTH105  # one call for what may lie there
            sync_directory(self._folder)
        except OSError as error:
            raise ReachError("cannot set a file aside", where=str(self._path), found=error.strerror) from error


def _decoded(data: bytes) -> Journal:
    """Return what was written. Raises ValueError and msgspec's errors."""
    digest, body = data[:_DIGEST_CHARS], data[_DIGEST_CHARS + 1 :]
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise ValueError("its hash is another")
    return msgspec.json.decode(body, type=Journal)


def with_record(journal: Journal, record: Record) -> Journal:
    """Return the journal with an update as it is now; one that has come to its end is remembered as finished."""
    if record.state != "idle":
        return replace(journal, record=record)
    assert record.outcome is not None  # noqa: S101  # nothing comes to its end without one
    finished = Finished(order=record.order.id, outcome=record.outcome, reason=record.reason)
    return replace(journal, record=None, finished={**journal.finished, record.subject: finished})

"""The journal of updates: one small file that is the only truth between the agent, its worker and their next lives."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from skerry_edge.foundation.atomic import sync_directory, write_atomic
from skerry_edge.foundation.errors import ReachError
from skerry_edge.foundation.small_file import MOMENTARY, read_small
from skerry_edge.ota.machine.record import Record

FILE = "journal"
ASIDE = "journal.damaged"
_MAX_BYTES = 256 * 1024
_DIGEST_CHARS = 64
_encoder = msgspec.json.Encoder()


class Journal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is under way, None where nothing is."""

    v: Literal[1] = 1
    record: Record | None = None


class NoJournalError(ReachError):
    """There is no journal: what was on trial, if anything was, is not known."""


class DamagedJournalError(NoJournalError):
    """What lies in the journal's place is not what was written."""


class JournalFile:
    """Reads and writes the journal, whole: behind a hash, so that a bit that fell over is not taken for a state."""

    def __init__(self, folder: Path) -> None:
        """Keep it in ``folder``, which is made where it is missing."""
        self._folder = folder
        self._path = folder / FILE

    def read(self) -> Journal:
        """Return the journal; nothing on the disk is changed.

        Raises NoJournalError where none was written, DamagedJournalError where it is not what was written, and another
        ReachError where it cannot be read at this moment.
        """
        try:
            return _decoded(read_small(self._path, _MAX_BYTES))
        except FileNotFoundError as error:
            raise NoJournalError("there is no journal of updates", where=str(self._path)) from error
        except OSError as error:
            if error.errno in MOMENTARY:
                raise ReachError("cannot read the journal", where=str(self._path), found=error.strerror) from error
            reason = error.strerror or str(error)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            reason = str(error)[:200]
        raise DamagedJournalError("the journal of updates is damaged", where=str(self._path), found=reason)

    def write(self, journal: Journal) -> None:
        """Replace the journal. Raises ReachError, and then the old one stays."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ReachError("cannot make a folder", where=str(self._folder), found=error.strerror) from error
        body = _encoder.encode(journal)
        if len(body) + _DIGEST_CHARS >= _MAX_BYTES:
            raise ReachError(
                "the journal is longer than can be read", where=str(self._path), found=f"{len(body)} bytes"
            )
        write_atomic(self._path, hashlib.sha256(body).hexdigest().encode() + b"\n" + body, mode=0o600)

    def set_aside(self) -> None:
        """Move what is damaged out of the way, for people to look at. Raises ReachError."""
        aside = self._folder / ASIDE
        try:
            if aside.is_dir() and not aside.is_symlink():
                shutil.rmtree(aside)
            else:
                aside.unlink(missing_ok=True)
            self._path.rename(aside)
            sync_directory(self._folder)
        except OSError as error:
            raise ReachError("cannot set a file aside", where=str(self._path), found=error.strerror) from error


def _decoded(data: bytes) -> Journal:
    """Return what was written. Raises ValueError and msgspec's errors."""
    digest, body = data[:_DIGEST_CHARS], data[_DIGEST_CHARS + 1 :]
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise ValueError("its hash is another")
    return msgspec.json.decode(body, type=Journal)


def journal_of(record: Record) -> Journal:
    """Return the journal of an update as it is now; one that has come to its end is under way no more."""
    return Journal(record=None if record.state == "idle" else record)

"""What becomes of an outbox's file that is damaged: set aside, numbered, and its readable letters taken over."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from skerry_edge.agent.outbox.database import DamagedError, DiskError, LetterDatabase, reported
from skerry_edge.agent.outbox.policy import Stored, admit
from skerry_edge.agent.outbox.rows import is_count, stored_from, text_of

_log = logging.getLogger(__name__)
MAX_SET_ASIDE = 3
"""So many damaged files are kept for study; the oldest are deleted, so that a failing card cannot fill itself."""
_LOG_ENDINGS = ("-wal", "-shm")
_NUMBER = re.compile(r"-damaged-(\d{4,9})-\d{8}T\d{6}Z\.")
_PROBE = "probe"
_MAX_REASON_CHARS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Something about the outbox that the fleet is told: an event's label and message."""

    label: str
    message: str


def open_sound(path: Path, max_bytes: int) -> tuple[LetterDatabase, Notice | None]:
    """Open the database, or a new one in the place of one that is damaged, and tell of that.

    Raises DiskError where the disk takes no database at all.
    """
    try:
        database, notice = LetterDatabase(path), None
    except DamagedError as error:
        database, notice = replace_damaged(path, max_bytes, str(error.found))
    except DiskError as error:
        if _is_held(error) or not _takes_databases(path):
            raise
        # The disk is well, so the trouble is this file: its log is unreadable, or something else has its name.
        database, notice = replace_damaged(path, max_bytes, str(error.found))
    _take_over_copy(database, path, max_bytes)
    return database, notice


def copy_lost(lost: LetterDatabase, path: Path) -> None:
    """Copy what an open database still gives, though its file has lost its name, to a file beside ``path``.

    Raises DiskError where the disk takes none.
    """
    _delete_database(_copy_of(path))
    with reported(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with closing(LetterDatabase(_copy_of(path))) as copy, copy.transaction():
        for stored in _still_readable(lost):
            copy.add(stored)


def replace_lost(path: Path, max_bytes: int, reason: str) -> tuple[LetterDatabase, Notice]:
    """Begin a new file with what `copy_lost` kept, and tell of it; what has the name is set aside. Raises DiskError."""
    if os.path.lexists(path):
        database, _ = replace_damaged(path, max_bytes, reason)
    else:
        _delete_database(path)  # a log without its file, of which the copy has all
        database = LetterDatabase(path)
    _take_over_copy(database, path, max_bytes)
    message = (
        f"the outbox's file was lost while it was in use ({reason[:_MAX_REASON_CHARS]}), and made anew with "
        f"{database.depth} messages"
    )
    return database, Notice(label="outbox-lost", message=message)


def replace_damaged(path: Path, max_bytes: int, reason: str) -> tuple[LetterDatabase, Notice]:
    """Set the file aside, begin a new one with what can still be read, and tell of it. Raises DiskError."""
    aside = _set_aside(path)
    database = LetterDatabase(path)
    try:
        _take_over(database, aside, max_bytes)
    except DiskError:
        # What was damaged on a disk that is full stays where it was set aside.
        _log.warning("there is no room to take messages over from %s", aside)
    message = (
        f"the outbox's file was damaged ({reason[:_MAX_REASON_CHARS]}) and was set aside as {aside.name}, number "
        f"{_number_of(aside)} on this device, of which {MAX_SET_ASIDE} are kept; {database.depth} messages were taken "
        "over from it, and others may be lost"
    )
    return database, Notice(label="outbox-damaged", message=message)


def set_aside_files(path: Path) -> list[Path]:
    """Return the damaged files that are kept, oldest first; the last one's number counts all that ever were."""
    found = path.parent.glob(f"{path.stem}-damaged-*{path.suffix}")
    return sorted((one for one in found if _number_of(one) > 0), key=_number_of)


def set_aside_count(path: Path) -> int:
    """Return how often a damaged file was set aside, as the names of those that are kept tell."""
    kept = set_aside_files(path)
    return _number_of(kept[-1]) if kept else 0


def _copy_of(path: Path) -> Path:
    return path.with_name(f"{path.stem}-copy{path.suffix}")


def _still_readable(lost: LetterDatabase) -> Iterator[Stored]:
    """Yield the letters of a database whose file is lost, until the first that cannot be read."""
    with contextlib.suppress(DamagedError, DiskError):
        for key in lost.keys(0):
            yield lost.letter(key)


def _take_over_copy(database: LetterDatabase, path: Path, max_bytes: int) -> None:
    """Take over what a copy holds that this run or one that was cut short has made, and delete it."""
    copy = _copy_of(path)
    if copy.exists():
        _take_over(database, copy, max_bytes)
        _delete_database(copy)


def _delete_database(path: Path) -> None:
    with reported(path):
        for ending in (*_LOG_ENDINGS, ""):
            path.with_name(path.name + ending).unlink(missing_ok=True)


def _is_held(error: DiskError) -> bool:
    """Tell whether somebody else holds the file, which ends by itself."""
    return "locked" in str(error.found)


def _takes_databases(path: Path) -> bool:
    """Tell whether a new database could be made beside ``path``."""
    probe = path.with_name(f"{path.stem}-{_PROBE}{path.suffix}")
    try:
        LetterDatabase(probe).close()
    except (DiskError, DamagedError):
        return False
    finally:
        for ending in ("", *_LOG_ENDINGS):
            with contextlib.suppress(OSError):  # it never was, or cannot go: either way the answer stands
                probe.with_name(probe.name + ending).unlink(missing_ok=True)
    return True


def _set_aside(path: Path) -> Path:
    """Rename the file and its log, delete the oldest ones beyond the limit, and return the new name."""
    number = set_aside_count(path) + 1
    when = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside = path.with_name(f"{path.stem}-damaged-{number:04d}-{when}{path.suffix}")
    with reported(path):
        # The log goes first: were the power cut between, a new database must not find the old one's log.
        for ending in (*_LOG_ENDINGS, ""):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
        for old in set_aside_files(path)[:-MAX_SET_ASIDE]:
            for ending in (*_LOG_ENDINGS, ""):
                _delete(old.with_name(old.name + ending))
    return aside


def _number_of(aside: Path) -> int:
    found = _NUMBER.search(aside.name)
    return int(found.group(1)) if found else 0


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _take_over(database: LetterDatabase, aside: Path, max_bytes: int) -> None:
    """Put what can be read of a damaged file into the new database. Raises DiskError."""
    with_log = aside.absolute().as_uri()
    for uri in (with_log, f"{with_log}?immutable=1"):  # as it is; and without a log that nobody can read
        with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(uri, uri=True)) as damaged:
            damaged.text_factory = text_of
            with database.transaction():
                # From both ends: what lies before a broken page, and what lies behind it.
                for stored in chain(_readable(damaged, "ASC"), _readable(damaged, "DESC")):
                    if database.size_of(stored.key) is None:
                        database.count_dropped(admit(database, stored, max_bytes))
            (dropped,) = damaged.execute("SELECT dropped FROM totals").fetchone() or (0,)
            if is_count(dropped) and dropped:
                with database.transaction():
                    database.count_dropped(dropped)
        if database.depth or database.dropped:
            return


def _readable(damaged: sqlite3.Connection, order: str) -> Iterator[Stored]:
    """Yield a damaged file's letters by key, until the first that cannot be read."""
    query = f"SELECT key, topic, ts_ms, snapshot, payload FROM letters ORDER BY key {order}"  # noqa: S608  # a constant
    with contextlib.suppress(sqlite3.Error):
        for row in damaged.execute(query):
            yield stored_from(*row)

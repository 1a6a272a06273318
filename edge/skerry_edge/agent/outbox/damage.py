"""What becomes of an outbox's file that is damaged: set aside, numbered, and its readable letters taken over."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Generator, Iterator
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
DAMAGED = "outbox-damaged"
LOST = "outbox-lost"
_MAX_REASON_CHARS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Something about the outbox that the fleet is told: an event's label and message."""

    label: str
    message: str


def open_sound(path: Path, max_bytes: int) -> tuple[LetterDatabase, list[Notice]]:
    """Open the database, or a new one in the place of one that is damaged, and tell of that.

    Raises DiskError where the disk takes no database at all.
    """
    try:
        database = LetterDatabase(path)
        notices: list[Notice] = []
    except DamagedError as error:
        database, notices = replace_damaged(path, max_bytes, str(error.found))
    except DiskError as error:
        if _is_held(error) or not _takes_databases(path):
            raise
        # The disk is well, so the trouble is this file: its log is unreadable, or something else has its name.
        database, notices = replace_damaged(path, max_bytes, str(error.found))
    return database, [*notices, *_with_copy(database, path, max_bytes)]


def copy_lost(lost: LetterDatabase, path: Path) -> int:
    """Copy what an open database still gives, though its file has lost its name, to a file beside ``path``.

    Returns how many of its letters are missing there, because they cannot be read. Raises DiskError where the disk
    takes none.
    """
    _delete_database(_copy_of(path))
    with reported(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with closing(LetterDatabase(_copy_of(path))) as copy, copy.transaction():
        # From both ends: what lies before a page that cannot be read, and what lies behind it.
        for stored in chain(_still_readable(lost, lost.keys(0)), _still_readable(lost, lost.keys_newest_first())):
            if copy.size_of(stored.key) is None:
                copy.add(stored)
        return lost.depth - copy.depth


def replace_lost(path: Path, max_bytes: int, reason: str, missing: int) -> tuple[LetterDatabase, list[Notice]]:
    """Begin a new file with what `copy_lost` kept, and tell of it and of what was ``missing`` there.

    What has the name is set aside. Raises DiskError.
    """
    if os.path.lexists(path):
        database, _ = replace_damaged(path, max_bytes, reason)
    else:
        _delete_database(path)  # a log without its file, of which the copy has all
        database = LetterDatabase(path)
    notices = _with_copy(database, path, max_bytes)
    message = (
        f"the outbox's file was lost while it was in use ({_cut(reason)}), and made anew with {database.depth} messages"
    )
    if missing:
        message += f"; {missing} could not be read any more and are lost"
    return database, [Notice(label=LOST, message=message), *notices]


def replace_damaged(path: Path, max_bytes: int, reason: str) -> tuple[LetterDatabase, list[Notice]]:
    """Set the file aside, begin a new one with what can still be read, and tell of it. Raises DiskError."""
    aside = _set_aside(path, path)
    database = LetterDatabase(path)
    return database, [_rescue(database, aside, max_bytes, f"the outbox's file was damaged ({_cut(reason)})")]


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


def _still_readable(lost: LetterDatabase, keys: Generator[int, None, None]) -> Iterator[Stored]:
    """Yield the letters of a database whose file is lost, until the first that cannot be read."""
    with closing(keys):
        try:
            for key in keys:
                yield lost.letter(key)
        except (DamagedError, DiskError) as error:
            _log.warning("what was lost cannot be read whole: %s", error)


def _with_copy(database: LetterDatabase, path: Path, max_bytes: int) -> list[Notice]:
    """Do as `_take_over_copy`, and close the database where that raises: the next attempt opens its own."""
    try:
        return _take_over_copy(database, path, max_bytes)
    except (DiskError, DamagedError):
        database.close()
        raise


def _take_over_copy(database: LetterDatabase, path: Path, max_bytes: int) -> list[Notice]:
    """Take over what a copy holds that this run or one that was cut short has made, and delete it.

    One that does not give all that it holds is set aside instead, and told of. Raises DiskError, and leaves it, where
    the disk is the trouble.
    """
    copy = _copy_of(path)
    if not copy.exists():
        return []
    try:
        with closing(LetterDatabase(copy)) as sound:
            held = sound.depth
        taken = _take_over(database, copy, max_bytes)
        reason = f"{taken} of {held} messages can be read"
        if taken == held:
            _delete_database(copy)
            return []
    except DamagedError as error:
        reason = str(error.found)
    except DiskError as error:
        if _is_held(error) or not _takes_databases(path):
            raise
        reason = str(error.found)
    what = f"the copy of an outbox's file that was lost is damaged ({_cut(reason)})"
    return [_rescue(database, _set_aside(copy, path), max_bytes, what)]


def _rescue(database: LetterDatabase, aside: Path, max_bytes: int, what: str) -> Notice:
    """Take over what can be read of a file that was set aside, and tell of it."""
    taken = 0
    try:
        taken = _take_over(database, aside, max_bytes)
    except DiskError:
        # What was damaged on a disk that is full stays where it was set aside.
        _log.warning("there is no room to take messages over from %s", aside)
    message = (
        f"{what} and was set aside as {aside.name}, number {_number_of(aside)} on this device, of which "
        f"{MAX_SET_ASIDE} are kept; {taken} messages were taken over from it, and others may be lost"
    )
    return Notice(label=DAMAGED, message=message)


def _cut(reason: str) -> str:
    return reason[:_MAX_REASON_CHARS]


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


def _set_aside(damaged: Path, path: Path) -> Path:
    """Rename a file of the outbox at ``path`` and its log, delete the oldest beyond the limit, return the new name."""
    number = set_aside_count(path) + 1
    when = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside = path.with_name(f"{path.stem}-damaged-{number:04d}-{when}{path.suffix}")
    with reported(path):
        # The log goes first: were the power cut between, a new database must not find the old one's log.
        for ending in (*_LOG_ENDINGS, ""):
            with contextlib.suppress(FileNotFoundError):
                damaged.with_name(damaged.name + ending).rename(aside.with_name(aside.name + ending))
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


def _take_over(database: LetterDatabase, source: Path, max_bytes: int) -> int:
    """Put what can be read of a file into the database, and return how many letters that were. Raises DiskError.

    A letter that the database holds already counts as well: an attempt that was cut short may have brought it.
    """
    with_log = source.absolute().as_uri()
    for uri in (with_log, f"{with_log}?immutable=1"):  # as it is; and without a log that nobody can read
        taken: set[int] = set()
        with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(uri, uri=True)) as damaged:
            damaged.text_factory = text_of
            with database.transaction():
                # From both ends: what lies before a broken page, and what lies behind it.
                for stored in chain(_readable(damaged, "ASC"), _readable(damaged, "DESC")):
                    if stored.key not in taken and database.size_of(stored.key) is None:
                        database.count_dropped(admit(database, stored, max_bytes))
                    taken.add(stored.key)
                dropped = _dropped_in(damaged)
                database.count_dropped(dropped)
            if taken or dropped:
                return len(taken)
    return 0


def _dropped_in(damaged: sqlite3.Connection) -> int:
    """Return the count of what was dropped that a damaged file keeps; 0 where it cannot be read."""
    try:
        (dropped,) = damaged.execute("SELECT dropped FROM totals").fetchone() or (0,)
    except sqlite3.Error:
        return 0
    return dropped if is_count(dropped) else 0


def _readable(damaged: sqlite3.Connection, order: str) -> Iterator[Stored]:
    """Yield a damaged file's letters by key, until the first that cannot be read."""
    query = f"SELECT key, topic, ts_ms, snapshot, payload FROM letters ORDER BY key {order}"  # noqa: S608  # a constant
    with contextlib.suppress(sqlite3.Error):
        for row in damaged.execute(query):
            yield stored_from(*row)

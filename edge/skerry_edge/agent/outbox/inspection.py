"""A look into the outbox's file from outside, while an agent uses it or while none does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.agent.outbox.damage import set_aside_count, set_aside_files
from skerry_edge.agent.outbox.database import LAYOUT, DamagedError, reported
from skerry_edge.agent.outbox.outbox import FILE
from skerry_edge.agent.outbox.policy import Stored
from skerry_edge.agent.outbox.rows import stored_from, text_of


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingLetter:
    """A letter in the file; ``text`` is its JSON, or None where it is a picture."""

    ts_ms: int
    topic: str
    size_bytes: int
    text: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What a file holds: its figures, and its oldest letters."""

    file: Path
    depth: int
    held_bytes: int
    dropped: int
    letters: tuple[WaitingLetter, ...]
    set_aside: tuple[Path, ...]
    set_aside_count: int


def inspect_outbox(state_dir: Path, limit: int) -> Contents:
    """Return what waits in a state directory, with at most ``limit`` letters; nothing waits where there is no file.

    Raises DiskError where the file cannot be read, DamagedError where it is no outbox.
    """
    path = state_dir / FILE
    depth, held_bytes, dropped, letters = _read(path, limit) if path.exists() else (0, 0, 0, ())
    return Contents(
        file=path,
        depth=depth,
        held_bytes=held_bytes,
        dropped=dropped,
        letters=letters,
        set_aside=tuple(set_aside_files(path)),
        set_aside_count=set_aside_count(path),
    )


def _read(path: Path, limit: int) -> tuple[int, int, int, tuple[WaitingLetter, ...]]:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with reported(path), closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as file:
        file.text_factory = text_of
        file.execute("BEGIN")  # all of it as of one moment, whatever an agent does meanwhile
        (layout,) = file.execute("PRAGMA user_version").fetchone()
        if layout != LAYOUT:
            raise DamagedError("this is no outbox of this version", where=str(path), found=f"layout {layout}")
        depth, held_bytes = file.execute("SELECT count(*), coalesce(sum(length(payload)), 0) FROM letters").fetchone()
        (dropped,) = file.execute("SELECT dropped FROM totals").fetchone() or (0,)
        rows = file.execute(
            "SELECT key, topic, ts_ms, snapshot, payload FROM letters ORDER BY key LIMIT ?", (limit,)
        ).fetchall()
    return depth, held_bytes, dropped, tuple(_letter(stored_from(*row)) for row in rows)


def _letter(stored: Stored) -> WaitingLetter:
    text = None if stored.rank == "snapshot" else stored.payload.decode("utf-8", errors="replace")
    return WaitingLetter(ts_ms=stored.ts_ms, topic=stored.topic, size_bytes=len(stored.payload), text=text)

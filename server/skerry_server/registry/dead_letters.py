"""Dead letters in the registry: what was refused, why, and how often; bounded, with a fair share for everybody."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from skerry_server.errors import NotFoundError
from skerry_server.ingest.validate import MAX_KEPT_BYTES as MAX_PAYLOAD_BYTES
from skerry_server.ingest.validate import DeadLetter
from skerry_server.registry.audit.trail import Author, note
from skerry_server.registry.chunks import chunks
from skerry_server.registry.database import insertion
from skerry_server.registry.letter_room import Letter, excess
from skerry_server.registry.models import DeadLetterRow, table_of
from skerry_server.registry.text import storable

MAX_DEAD_LETTERS = 10_000
"""So many of those that the store refused, which were valid, and so many of all others."""
MAX_KEPT_BYTES = 256 * 1024 * 1024
"""Of the payloads of either: one device alone can send whole ones of the largest size."""
STORE = "store"


def add_dead_letters(session: Session, letters: Iterable[DeadLetter]) -> None:
    """Keep each letter; one with the topic and payload of another only counts that one up."""
    rows: dict[str, dict[str, Any]] = {}
    for letter in letters:
        row = rows.setdefault(_digest(letter), _row(letter))
        row["times"] += 1
        row["last_received_ms"] = letter.received_ms
    if not rows:
        return
    new = insertion(session, table_of(DeadLetterRow))
    counted = new.on_conflict_do_update(
        index_elements=["digest"],
        set_={
            "times": DeadLetterRow.times + new.excluded.times,
            "last_received_ms": new.excluded.last_received_ms,
        },
    )
    # In one order, so that two workers with the same letters wait for each other instead of both.
    session.execute(counted, [{"digest": digest} | rows[digest] for digest in sorted(rows)])


def trim_dead_letters(session: Session) -> dict[str, int]:
    """Make room beyond MAX_DEAD_LETTERS or MAX_KEPT_BYTES; return how many went unreplayed, by their reason."""
    row = DeadLetterRow
    gone: list[Letter] = []
    for condition in (row.reason == STORE, row.reason != STORE):
        count = session.scalar(select(func.count()).select_from(row).where(condition)) or 0
        if count > MAX_DEAD_LETTERS or (
            count > MAX_KEPT_BYTES // MAX_PAYLOAD_BYTES and _is_too_large(session, condition)
        ):
            is_replayed, kept_bytes = row.replayed_ms.is_not(None), func.length(row.payload)
            found = session.execute(select(row.id, row.topic, row.reason, is_replayed, kept_bytes).where(condition))
            gone += _too_many([Letter(*one) for one in found])
    deleted: set[int] = set()
    for piece in chunks(sorted(one.id for one in gone)):
        # What another worker is counting up now stays until the next time: that may wait for one of ours.
        free = session.scalars(select(row.id).where(row.id.in_(piece)).with_for_update(skip_locked=True)).all()
        session.execute(delete(row).where(row.id.in_(free)))
        deleted.update(free)
    return dict(Counter(one.reason for one in gone if one.id in deleted and not one.is_replayed))


def _is_too_large(session: Session, condition: ColumnElement[bool]) -> bool:
    kept_bytes = func.sum(func.length(DeadLetterRow.payload))
    return (session.scalar(select(kept_bytes).where(condition)) or 0) > MAX_KEPT_BYTES


def _too_many(letters: Sequence[Letter]) -> list[Letter]:
    # A tenth at once: whoever babbles would have all be looked at with each batch.
    by_count = excess(letters, keep=MAX_DEAD_LETTERS * 9 // 10) if len(letters) > MAX_DEAD_LETTERS else []
    gone = {one.id for one in by_count}
    left = [one for one in letters if one.id not in gone]
    if sum(one.kept_bytes for one in left) <= MAX_KEPT_BYTES:
        return by_count
    return by_count + excess(left, keep=MAX_KEPT_BYTES * 9 // 10, size=lambda one: one.kept_bytes)


def count_dead_letters(session: Session) -> int:
    """Return how many different letters are kept."""
    return session.scalar(select(func.count()).select_from(DeadLetterRow)) or 0


def list_dead_letters(
    session: Session, *, limit: int, before_id: int | None = None, reason: str | None = None, text: str | None = None
) -> list[DeadLetterRow]:
    """Return at most ``limit`` letters, newest first: of one ``reason``, with ``text`` in their topic or detail."""
    query = select(DeadLetterRow).order_by(DeadLetterRow.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(DeadLetterRow.id < before_id)
    if reason is not None:
        query = query.where(DeadLetterRow.reason == reason)
    if text is not None:
        contains = DeadLetterRow.topic.contains(text, autoescape=True)
        query = query.where(contains | DeadLetterRow.detail.contains(text, autoescape=True))
    return list(session.scalars(query))


def dead_letters_of(session: Session, ids: Sequence[int]) -> list[DeadLetterRow]:
    """Return the letters with these ids, oldest first. Raises NotFoundError where one of them is not there."""
    rows = dead_letters_left(session, ids)
    missing = sorted(set(ids) - {row.id for row in rows})
    if missing:
        raise NotFoundError("there is no such dead letter", found=", ".join(map(str, missing)))
    return rows


def dead_letters_left(session: Session, ids: Sequence[int]) -> list[DeadLetterRow]:
    """Return those of the letters with these ids that have not made room yet, oldest first."""
    return list(session.scalars(select(DeadLetterRow).where(DeadLetterRow.id.in_(ids)).order_by(DeadLetterRow.id)))


def note_replayed(session: Session, ids: Sequence[int], now_ms: int) -> None:
    """Note that these letters were taken in after all."""
    session.execute(update(DeadLetterRow).where(DeadLetterRow.id.in_(ids)).values(replayed_ms=now_ms))


def remove_dead_letter(session: Session, author: Author, letter_id: int) -> None:
    """Delete a letter. Raises NotFoundError."""
    (row,) = dead_letters_of(session, [letter_id])
    session.delete(row)
    session.flush()
    note(session, author, "dead-letter.remove", row.topic, {"letter": letter_id, "reason": row.reason})


def _digest(letter: DeadLetter) -> str:
    text = letter.topic.encode("utf-8", "surrogatepass")
    return hashlib.sha256(b"%d:%s%s" % (len(text), text, letter.payload)).hexdigest()


def _row(letter: DeadLetter) -> dict[str, Any]:
    """Return the columns of a letter that has yet to be counted, but for its digest."""
    return {
        "topic": storable(letter.topic),
        "reason": letter.reason,
        "detail": storable(letter.detail),
        "payload": letter.payload,
        "payload_bytes": letter.payload_bytes,
        "times": 0,
        "first_received_ms": letter.received_ms,
        "is_retained": letter.is_retained,
    }

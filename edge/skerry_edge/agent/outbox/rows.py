"""What the rows of the outbox's file mean: SQLite holds no column to its type, and a damaged file may hold anything."""

from __future__ import annotations

from typing import TypeGuard

from skerry_edge.agent.outbox.policy import Stored

MAX_COUNT = 2**53
"""As in the contract's Count: what every reader of JSON takes for a whole number."""


def stored_from(key: int, topic: object, ts_ms: object, snapshot: object, payload: object) -> Stored:
    """Return a row as a letter; what is of another type than it was written with is empty."""
    return Stored(
        key=key,
        topic=topic if isinstance(topic, str) else "",
        ts_ms=ts_ms if is_count(ts_ms) else 0,
        rank="snapshot" if snapshot else "record",
        payload=payload if isinstance(payload, bytes) else b"",
    )


def is_count(value: object) -> TypeGuard[int]:
    """Tell whether a column's value is a number that the contract knows."""
    return isinstance(value, int) and 0 <= value <= MAX_COUNT


def text_of(raw: bytes) -> str:
    """Return a column's text, as `text_factory` for a connection: bytes that are none are an error elsewhere."""
    return raw.decode("utf-8", errors="replace")

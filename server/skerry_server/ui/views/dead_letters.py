"""Dead letters as rows of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from skerry_server.ingest.second_chance import Outcome
from skerry_server.registry.models import DeadLetterRow
from skerry_server.ui.rows import clock_time

SHOWN_BYTES = 4_000
ROWS_A_PAGE = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterLine:
    """One letter; ``payload`` is its beginning as text, ``replayed`` when it was taken in after all."""

    id: int
    time: str
    topic: str
    reason: str
    detail: str
    size: str
    payload: str
    times: int
    replayed: str


def letter_line(row: DeadLetterRow) -> LetterLine:
    """Return one letter."""
    shown = min(SHOWN_BYTES, len(row.payload))
    size = f"{row.payload_bytes:,} bytes"
    return LetterLine(
        id=row.id,
        time=clock_time(row.last_received_ms),
        topic=row.topic,
        reason=row.reason,
        detail=row.detail,
        size=size if shown == row.payload_bytes else f"{size}, the first {shown:,} shown",
        payload=row.payload[:shown].decode("utf-8", "replace"),
        times=row.times,
        replayed=clock_time(row.replayed_ms) if row.replayed_ms is not None else "",
    )


def outcome_text(outcomes: Sequence[Outcome]) -> str:
    """Return what became of letters that were replayed, with the first reason where one is refused again."""
    refusals = [one.refusal for one in outcomes if one.refusal is not None]
    taken = f"{len(outcomes) - len(refusals):,} taken in"
    return f"{taken}, {len(refusals):,} refused again: {refusals[0]}" if refusals else taken


def following(query: Mapping[str, str], *, before: int) -> str:
    """Return the address of the page with what came before a letter."""
    kept = {key: value for key, value in query.items() if value}
    return f"/dead-letters?{urlencode({**kept, 'before': before})}"

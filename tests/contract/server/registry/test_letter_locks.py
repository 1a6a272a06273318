"""Dead letters of two workers at once: room is made without waiting for what the other one counts up."""

from __future__ import annotations

import pytest

from skerry_server.ingest.validate import DeadLetter
from skerry_server.registry import dead_letters


def letter(number):
    payload = b"%d" % number
    return DeadLetter(
        topic="skerry/x",
        payload=payload,
        payload_bytes=len(payload),
        received_ms=number,
        is_retained=False,
        reason="topic",
        detail="-",
    )


@pytest.fixture
def postgres(postgresql, opened):
    """Return a registry in PostgreSQL that waits 0.5 s for a lock."""
    with postgresql.database() as url:
        yield opened(url, patience_s=0.5)


def test_a_letter_that_another_worker_counts_up_makes_room_the_next_time(postgres, monkeypatch):
    monkeypatch.setattr(dead_letters, "MAX_DEAD_LETTERS", 4)
    with postgres.transaction() as session:
        dead_letters.add_dead_letters(session, [letter(number) for number in range(5)])
    with postgres.transaction() as other, postgres.transaction() as session:
        (oldest,) = dead_letters.list_dead_letters(session, limit=9)[-1:]
        dead_letters.add_dead_letters(other, [letter(int(oldest.payload))])
        assert dead_letters.trim_dead_letters(session) == {"topic": 1}
    with postgres.transaction() as session:
        assert oldest.id in {row.id for row in dead_letters.list_dead_letters(session, limit=9)}

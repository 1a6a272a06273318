"""Dead letters taken in after all: replayed through the very commit that refused them, once their fault is mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skerry_edge.foundation.errors import ConfigError
from skerry_server.ingest.commit import Committer
from skerry_server.ingest.validate import DeadLetter, Delivery
from skerry_server.registry.database import Database
from skerry_server.registry.dead_letters import dead_letters_of, list_dead_letters, note_replayed
from skerry_server.registry.models import DeadLetterRow

CHUNK = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one letter; ``refusal`` says why it was refused again, None where it was taken in."""

    id: int
    topic: str
    refusal: str | None


def waiting_ids(database: Database, *, reason: str | None) -> list[int]:
    """Return the letters not taken in yet, of one ``reason`` or of all, oldest first. Raises RegistryError."""
    found: list[int] = []
    before: int | None = None
    while True:
        with database.reading() as session:
            rows = list_dead_letters(session, limit=CHUNK, before_id=before, reason=reason)
            found += [row.id for row in rows if row.replayed_ms is None]
            before = rows[-1].id if rows else None
        if before is None:
            return found[::-1]


def replay_letters(database: Database, committer: Committer, ids: Sequence[int], *, now_ms: int) -> list[Outcome]:
    """Commit the letters with ``ids`` again, oldest first; doing it twice changes nothing.

    Raises NotFoundError, RegistryError and StoreError; what was done until then stays done.
    """
    outcomes = []
    for start in range(0, len(ids), CHUNK):
        with database.reading() as session:
            rows = dead_letters_of(session, ids[start : start + CHUNK])
            letters = [(row.id, row.topic, _delivery(row)) for row in rows]
        refusals = _commit(committer, [delivery for _, _, delivery in letters if delivery is not None])
        for number, topic, delivery in letters:
            refusal = refusals.get((topic, delivery.payload)) if delivery is not None else "only its beginning is kept"
            outcomes.append(Outcome(id=number, topic=topic, refusal=refusal))
        taken = [one.id for one in outcomes[start:] if one.refusal is None]
        with database.transaction() as session:
            note_replayed(session, taken, now_ms)
    return outcomes


def _delivery(row: DeadLetterRow) -> Delivery | None:
    """Return a letter as it came, None where not all of it is kept.

    It tells what was and not that its device is there now, as a retained message does.
    """
    if len(row.payload) != row.payload_bytes:
        return None
    return Delivery(topic=row.topic, payload=row.payload, is_retained=True, received_ms=row.first_received_ms)


def _commit(committer: Committer, deliveries: Sequence[Delivery]) -> dict[tuple[str, bytes], str]:
    """Commit, and return why those are refused that are; they are not counted as having come again."""
    batch = committer.prepare(deliveries)
    refused: list[DeadLetter] = list(batch.letters)
    batch.letters.clear()
    batch = committer.write(batch)
    refused += batch.letters
    batch.letters.clear()
    if batch.store_error is not None:
        raise batch.store_error
    refused += committer.record(batch).letters
    return {(one.topic, one.payload): f"{one.reason}: {one.detail}" for one in refused}


def check_choice(ids: Sequence[int], *, reason: str | None, everything: bool) -> None:
    """Refuse a request that names no letters or names them in two ways. Raises ConfigError."""
    ways = sum((bool(ids), reason is not None, everything))
    if ways != 1:
        raise ConfigError(
            "say which dead letters to replay in one way",
            found="none" if ways == 0 else "several",
            todo="give their ids, or --reason REASON, or --all",
        )

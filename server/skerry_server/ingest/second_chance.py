"""Dead letters taken in after all: replayed through the very commit that refused them, once their fault is mended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from skerry_edge.foundation.errors import ConfigError
from skerry_server.ingest.commit import Committer
from skerry_server.ingest.durability import wait_until_durable
from skerry_server.ingest.validate import DeadLetter, Delivery
from skerry_server.registry.chunks import chunks
from skerry_server.registry.database import Database
from skerry_server.registry.dead_letters import dead_letters_left, dead_letters_of, list_dead_letters, note_replayed
from skerry_server.registry.models import DeadLetterRow
from skerry_server.stores.base import Store

CHUNK = 500
Tell = Callable[[str, int, int], object]
"""Is told what is worked on, how much of it is done, and of how much."""


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


def chosen_ids(database: Database, ids: Sequence[int]) -> list[int]:
    """Return ids that a person gave, oldest first. Raises NotFoundError where one is of no letter, RegistryError."""
    with database.reading() as session:
        return [row.id for piece in chunks(sorted(set(ids))) for row in dead_letters_of(session, piece)]


def replay_letters(
    database: Database,
    store: Store,
    committer: Committer,
    ids: Sequence[int],
    *,
    now_ms: int,
    tell: Tell = lambda _what, _done, _total: None,
) -> list[Outcome]:
    """Commit the letters with ``ids`` again, oldest first; doing it twice changes nothing.

    ``committer`` writes to ``store``. Where that may lose what it took, this waits until it no longer can: letters are
    noted as taken in only then. A letter that made room for others meanwhile is refused. Raises RegistryError and
    StoreError; what was noted until then stays.
    """
    before = store.probe()
    outcomes: list[Outcome] = []
    unsafe: list[int] = []
    for start in range(0, len(ids), CHUNK):
        tell("committing", start, len(ids))
        found, may_be_lost = _replay_chunk(database, committer, ids[start : start + CHUNK])
        outcomes += found
        taken = [one.id for one in found if one.refusal is None]
        if may_be_lost and before.durable_after_s:
            unsafe += taken
        else:
            _note(database, taken, now_ms)
    committer.flush()
    if unsafe:
        tell("waiting until the store has it on disk", len(ids), len(ids))
        wait_until_durable(store, before)
        _note(database, unsafe, now_ms)
    return outcomes


def _replay_chunk(database: Database, committer: Committer, ids: Sequence[int]) -> tuple[list[Outcome], bool]:
    """Commit some letters; return what became of each, and whether the time-series store got anything of them."""
    with database.reading() as session:
        letters = [(row.id, row.topic, _delivery(row)) for row in dead_letters_left(session, ids)]
    refusals, is_stored = _commit(committer, [delivery for _, _, delivery in letters if delivery is not None])
    outcomes = []
    for number, topic, delivery in letters:
        refusal = refusals.get((topic, delivery.payload)) if delivery is not None else "only its beginning is kept"
        outcomes.append(Outcome(id=number, topic=topic, refusal=refusal))
    gone = set(ids) - {number for number, _, _ in letters}
    outcomes += [Outcome(id=number, topic="", refusal="it made room for others meanwhile") for number in sorted(gone)]
    return outcomes, is_stored


def _note(database: Database, ids: Sequence[int], now_ms: int) -> None:
    with database.transaction() as session:
        note_replayed(session, ids, now_ms)


def _delivery(row: DeadLetterRow) -> Delivery | None:
    """Return a letter as it came, None where not all of it is kept.

    It tells what was and not that its device is there now, as a retained message does.
    """
    if len(row.payload) != row.payload_bytes:
        return None
    return Delivery(topic=row.topic, payload=row.payload, is_retained=True, received_ms=row.first_received_ms)


def _commit(committer: Committer, deliveries: Sequence[Delivery]) -> tuple[dict[tuple[str, bytes], str], bool]:
    """Commit; return why some are refused, which is not counted as their coming again, and whether any is stored."""
    batch = committer.prepare(deliveries)
    refused: list[DeadLetter] = list(batch.letters)
    batch.letters.clear()
    batch = committer.write(batch)
    refused += batch.letters
    batch.letters.clear()
    if batch.store_error is not None:
        raise batch.store_error
    committed = committer.record(batch)
    refused += committed.letters
    return {(one.topic, one.payload): f"{one.reason}: {one.detail}" for one in refused}, bool(committed.stored)


def check_choice(ids: Sequence[int], *, reason: str | None, everything: bool) -> None:
    """Refuse a request that names no letters or names them in two ways. Raises ConfigError."""
    ways = sum((bool(ids), reason is not None, everything))
    if ways != 1:
        raise ConfigError(
            "say which dead letters to replay in one way",
            found="none" if ways == 0 else "several",
            todo="give their ids, or --reason REASON, or --all",
        )

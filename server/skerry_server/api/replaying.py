"""Dead letters taken in after all from the web's side, where no ingest need run."""

from __future__ import annotations

from collections.abc import Sequence

from skerry_server.config.server import ServerConfig
from skerry_server.health import now_ms
from skerry_server.ingest.committing import committer_of
from skerry_server.ingest.second_chance import Outcome, replay_letters
from skerry_server.registry.audit.trail import Author, note
from skerry_server.registry.database import Database
from skerry_server.stores.base import Store


def replay(database: Database, store: Store, config: ServerConfig, author: Author, ids: Sequence[int]) -> list[Outcome]:
    """Commit the letters with ``ids`` again, oldest first, and note who had it done.

    It takes as long as the store may lose what it took, 0 for most. Raises RegistryError and StoreError; what was done
    until then stays done.
    """
    committer = committer_of(config, store, database)
    outcomes = replay_letters(database, store, committer, sorted(set(ids)), now_ms=now_ms())
    taken = [one.id for one in outcomes if one.refusal is None]
    with database.transaction() as session:
        note(session, author, "dead-letter.replay", "", {"letters": len(outcomes), "taken_in": taken})
    return outcomes

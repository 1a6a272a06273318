"""Dead letters taken in after all from the web's side, where no ingest need run."""

from __future__ import annotations

from collections.abc import Sequence

from skerry_server.config.server import ServerConfig
from skerry_server.health import now_ms
from skerry_server.ingest.commit import Committer
from skerry_server.ingest.pauses import PatientStore
from skerry_server.ingest.second_chance import Outcome, replay_letters
from skerry_server.presence import SilenceRules
from skerry_server.registry.audit.trail import Author, note
from skerry_server.registry.database import Database
from skerry_server.stores.base import Store


def replay(database: Database, store: Store, config: ServerConfig, author: Author, ids: Sequence[int]) -> list[Outcome]:
    """Commit the letters with ``ids`` again, oldest first, and note who had it done.

    Raises NotFoundError, RegistryError and StoreError; what was done until then stays done.
    """
    rules = SilenceRules(heartbeat_s=config.presence.heartbeat_s, missed=config.presence.missed)
    committer = Committer(store=PatientStore(store), database=database, rules=rules, limits=config.limits)
    outcomes = replay_letters(database, committer, sorted(set(ids)), now_ms=now_ms())
    committer.flush()
    taken = [one.id for one in outcomes if one.refusal is None]
    with database.transaction() as session:
        note(session, author, "dead-letter.replay", "", {"letters": len(outcomes), "taken_in": taken})
    return outcomes

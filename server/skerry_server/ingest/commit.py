"""One batch made durable: judged, bound to sites, stored, recorded. Doing it again changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skerry_edge.contracts.messages import Heartbeat
from skerry_server.errors import RefusedPointsError
from skerry_server.ingest.points import points_of
from skerry_server.ingest.validate import Accepted, DeadLetter, Delivery, examine, refuse
from skerry_server.registry.database import Database
from skerry_server.registry.devices import Claim, bind
from skerry_server.registry.recording import Recorded, record
from skerry_server.stores.base import Point, Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Committed:
    """What a batch brought: what the registry made of it, its dead letters, and its heartbeats in the store."""

    recorded: Recorded
    letters: Sequence[DeadLetter]
    heartbeats: int


def commit(deliveries: Sequence[Delivery], store: Store, database: Database) -> Committed:
    """Return when every delivery is in the store, in the registry or among the dead letters.

    Raises StoreError or RegistryError; the whole batch is then to be tried again, whatever was done of it.
    """
    letters: list[DeadLetter] = []
    accepted: list[Accepted] = []
    for one in map(examine, deliveries):
        if isinstance(one, DeadLetter):
            letters.append(one)
        elif one is not None:
            accepted.append(one)
    accepted = _admit(accepted, letters, database)
    accepted = _store(accepted, letters, store)
    with database.transaction() as session:
        recorded = record(session, accepted, letters)
    heartbeats = sum(isinstance(one.message, Heartbeat) for one in accepted)
    return Committed(recorded=recorded, letters=[*letters, *recorded.contradictions], heartbeats=heartbeats)


def bury(delivery: Delivery, error: Exception, database: Database) -> Committed:
    """Keep ``delivery`` as a dead letter because handling it failed in a way that nobody foresaw.

    Raises RegistryError.
    """
    letter = refuse(delivery, "internal", f"{type(error).__name__}: {error}")
    with database.transaction() as session:
        recorded = record(session, [], [letter])
    return Committed(recorded=recorded, letters=[letter], heartbeats=0)


def _admit(accepted: list[Accepted], letters: list[DeadLetter], database: Database) -> list[Accepted]:
    """Return those whose device belongs to the site of the topic; the others become dead letters."""
    if not accepted:
        return []
    claims = [
        Claim(device=one.topic.device, site=one.topic.site, received_ms=one.delivery.received_ms) for one in accepted
    ]
    with database.transaction() as session:
        bound = bind(session, claims)
    admitted = []
    for one in accepted:
        site = bound[one.topic.device]
        if site == one.topic.site:
            admitted.append(one)
        else:
            detail = f"device '{one.topic.device}' belongs to site '{site}'; found '{one.topic.site}' in the topic"
            letters.append(refuse(one.delivery, "identity", detail))
    return admitted


def _store(accepted: list[Accepted], letters: list[DeadLetter], store: Store) -> list[Accepted]:
    """Write the points of all, and return those of which the store took every point."""
    points: list[Point] = []
    owners: list[Accepted] = []
    for one in accepted:
        if isinstance(one.message, Heartbeat):
            points += points_of(one.topic, one.message)
            owners += [one] * (len(points) - len(owners))
    if not points:
        return accepted
    try:
        store.write(points)
    except RefusedPointsError as error:
        # The first reason of each message: its other points may well be stored, and a replay only stores them again.
        refused = {id(owners[index]): (owners[index], why) for index, why in reversed(error.refused.items())}
    else:
        return accepted
    letters.extend(refuse(one.delivery, "store", why) for one, why in refused.values())
    return [one for one in accepted if id(one) not in refused]

"""One round of deliveries: what waits for devices is published, and noted as such when the broker took it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from skerry_server.downlink.messages import Outgoing, command_message, desired_message
from skerry_server.downlink.publisher import Publisher
from skerry_server.registry.database import Database
from skerry_server.registry.devices import sites
from skerry_server.registry.orders.commands import mark_sent, unsent
from skerry_server.registry.orders.desired import mark_published, publish_later_again, unpublished

BATCH = 200
AT_ONCE = 20
"""Messages that the broker may have unacknowledged: what MQTT 3.1.1 brokers commonly allow a client."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A message, how to note that the broker has it, and what to note where it may have it and did not say so."""

    message: Outgoing
    mark: Callable[[Session, int], None]
    doubt: Callable[[Session], None] | None = None


def due_commands(database: Database, *, now_ms: int) -> list[Due]:
    """Return at most BATCH commands that have yet to be published. Raises RegistryError."""
    with database.reading() as session:
        rows = unsent(session, now_ms=now_ms, limit=BATCH)
        site = sites(session, [one.device for one in rows])
        return [
            Due(message=command_message(row, site=site[row.device], now_ms=now_ms), mark=_mark_sent(row.id))
            for row in rows
        ]


def due_desired(database: Database) -> list[Due]:
    """Return at most BATCH desired states that have yet to be published. Raises RegistryError."""
    with database.reading() as session:
        rows = unpublished(session, limit=BATCH)
        site = sites(session, [one.device for one in rows])
        return [
            Due(
                message=desired_message(row, site=site[row.device]),
                mark=_mark_published(row.device, row.version),
                doubt=_doubt_published(row.device, row.version),
            )
            for row in rows
        ]


async def deliver(publisher: Publisher, database: Database, dues: Iterable[Due], now_ms: Callable[[], int]) -> int:
    """Publish and note each of ``dues``; return how many. Raises the first BrokerError after all were tried."""
    room = asyncio.Semaphore(AT_ONCE)

    async def publish(one: Due) -> Due:
        async with room:
            await publisher.publish(one.message)
            return one

    tried = list(dues)
    outcomes = await asyncio.gather(*(publish(one) for one in tried), return_exceptions=True)
    taken = [one for one in outcomes if isinstance(one, Due)]
    if tried:
        doubtful = [one for one, outcome in zip(tried, outcomes, strict=True) if one is not outcome]
        await asyncio.to_thread(_note, database, taken, doubtful, now_ms())
    for one in outcomes:
        if isinstance(one, BaseException):
            raise one
    return len(taken)


def _note(database: Database, taken: Iterable[Due], doubtful: Iterable[Due], now_ms: int) -> None:
    with database.transaction() as session:
        for one in taken:
            one.mark(session, now_ms)
        for one in doubtful:
            if one.doubt is not None:
                one.doubt(session)


def _mark_sent(command: str) -> Callable[[Session, int], None]:
    return lambda session, now_ms: mark_sent(session, command, now_ms=now_ms)


def _mark_published(device: str, version: int) -> Callable[[Session, int], None]:
    return lambda session, now_ms: mark_published(session, device, version, now_ms=now_ms)


def _doubt_published(device: str, version: int) -> Callable[[Session], None]:
    return lambda session: publish_later_again(session, device, version)

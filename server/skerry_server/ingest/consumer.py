"""The worker's place at the broker: one MQTT session that outlives this process, and acknowledgements that wait."""

from __future__ import annotations

import asyncio
import logging
import time

from skerry_server.errors import BrokerError
from skerry_server.health import Health, now_ms
from skerry_server.ingest.intake import Intake
from skerry_server.ingest.link import Access, Link, Publication
from skerry_server.ingest.validate import Delivery

LOG = logging.getLogger(__name__)
FIRST_RETRY_S = 0.25
LAST_RETRY_S = 15.0
STABLE_AFTER_S = 10.0
"""A connection that lasted this long was a good one: the next failure is the first of a row."""


class Consumer:
    """Keeps subscribed to the whole fleet, and hands each message to the intake."""

    def __init__(self, access: Access, *, intake: Intake, health: Health) -> None:
        self._access = access
        self._intake = intake
        self._health = health
        self._was_connected = False
        self._connected_s: float | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Stay connected until ``stop`` is set; a broker that is away is tried again and again."""
        delay_s: float | None = None
        while not stop.is_set():
            try:
                await self._connection(stop)
            except BrokerError as error:
                self._health.fails("broker", str(error))
            if not stop.is_set():
                lasted_s = 0.0 if self._connected_s is None else time.monotonic() - self._connected_s
                delay_s = retry_delay_s(delay_s, lasted_s=lasted_s)
                await _wait_for(stop, delay_s)

    async def _connection(self, stop: asyncio.Event) -> None:
        """Connect, subscribe, and stay until the connection is lost (raises BrokerError) or ``stop`` is set."""
        self._connected_s = None
        link = Link(self._access, self._arrive, has_room=self._intake.has_room)
        try:
            has_session = await link.connect()
            await link.subscribe()
            self._note_connected(has_session=has_session)
            await link.stay(stop)
        finally:
            await link.close()
            self._intake.shed()

    def _note_connected(self, *, has_session: bool) -> None:
        if self._was_connected and not has_session:
            LOG.warning("the broker forgot our session: what it held for us while we were away is lost")
        self._was_connected = True
        self._connected_s = time.monotonic()
        version = "5" if self._access.is_mqtt5 else "3.1.1"
        self._health.works("broker", f"{self._access.address}, MQTT {version}, session '{self._access.client_id}'")

    def _arrive(self, publication: Publication, link: Link) -> None:
        self._health.metrics.received.add()
        delivery = Delivery(
            topic=publication.topic.decode("utf-8", "backslashreplace"),
            payload=publication.payload,
            is_retained=publication.is_retained,
            received_ms=now_ms(),
        )
        self._intake.put(delivery, publication.packet_id, link)


def retry_delay_s(before_s: float | None, *, lasted_s: float) -> float:
    """Return how long to wait before connecting again.

    ``before_s`` is the wait before the connection that was lost, None for the first; ``lasted_s`` how long it held.
    """
    if before_s is None or lasted_s >= STABLE_AFTER_S:
        return FIRST_RETRY_S
    return min(2 * before_s, LAST_RETRY_S)


async def _wait_for(stop: asyncio.Event, limit_s: float) -> None:
    waiting = asyncio.ensure_future(stop.wait())
    await asyncio.wait({waiting}, timeout=limit_s)
    waiting.cancel()

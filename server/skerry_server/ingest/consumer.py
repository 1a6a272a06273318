"""The connection to the broker: one MQTT session that outlives this process, and acknowledgements that wait.

gmqtt sends the PUBACK of a QoS 1 message when the coroutine that handles it has returned, if it is told not to
acknowledge optimistically. Here that coroutine returns when the message is durable.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from dataclasses import dataclass
from typing import Any

import gmqtt
from gmqtt.mqtt.constants import MQTTv50, MQTTv311
from gmqtt.mqtt.handler import MQTTConnectError

from skerry_edge.contracts.topics import FLEET_FILTER
from skerry_edge.foundation.broker_address import BrokerAddress
from skerry_server.errors import BrokerError
from skerry_server.health import Health, now_ms
from skerry_server.ingest.intake import Intake
from skerry_server.ingest.validate import Delivery

LOG = logging.getLogger(__name__)
ANSWER_S = 10.0
FIRST_RETRY_S = 0.25
LAST_RETRY_S = 15.0
STABLE_AFTER_S = 10.0
"""A connection that lasted this long was a good one: the next failure is the first of a row."""
KEEPALIVE_S = 30
RECEIVE_MAXIMUM = 5_000
"""Messages that the broker may have on the way to us unacknowledged (MQTT 5); it may allow itself fewer."""
MAXIMUM_PACKET_BYTES = 16 * 1024 * 1024
"""Above this, an MQTT 5 broker drops a message instead of sending it; far above what the contract allows."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """How to reach the broker, and under which name the session is kept there."""

    address: BrokerAddress
    client_id: str
    is_mqtt5: bool
    session_expiry_s: int
    username: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None


class _OneConnection(gmqtt.Client):  # type: ignore[misc]  # gmqtt ships no types
    """A client for one connection only.

    The next connection gets a new client, so an acknowledgement that comes late goes nowhere, instead of to a
    packet id that now belongs to another message.
    """

    async def reconnect(self, delay: bool = False) -> None:  # noqa: FBT001, FBT002  # gmqtt's signature
        """Leave reconnecting to the consumer."""


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
        link = _Link(self._access)
        link.client.on_message = self._on_message
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

    async def _on_message(
        self, _client: gmqtt.Client, topic: str | bytes, payload: bytes, _qos: int, properties: dict[str, Any]
    ) -> int:
        """Return reason code 0, which gmqtt sends as PUBACK, once the message is durable."""
        self._health.receive()
        await self._intake.put(
            Delivery(
                topic=topic if isinstance(topic, str) else topic.decode("utf-8", "backslashreplace"),
                payload=bytes(payload),
                is_retained=bool(properties.get("retain")),
                received_ms=now_ms(),
            )
        )
        return 0


def retry_delay_s(before_s: float | None, *, lasted_s: float) -> float:
    """Return how long to wait before connecting again.

    ``before_s`` is the wait before the connection that was lost, None for the first; ``lasted_s`` how long it held.
    """
    if before_s is None or lasted_s >= STABLE_AFTER_S:
        return FIRST_RETRY_S
    return min(2 * before_s, LAST_RETRY_S)


class _Link:
    """One connection, with gmqtt's callbacks turned into things that can be awaited."""

    def __init__(self, access: Access) -> None:
        self._access = access
        # What gmqtt has to say reaches the operator through the errors raised here.
        logging.getLogger("gmqtt").setLevel(logging.CRITICAL)
        properties: dict[str, Any] = {}
        if access.is_mqtt5:
            properties = {
                "session_expiry_interval": access.session_expiry_s,
                "receive_maximum": RECEIVE_MAXIMUM,
                "maximum_packet_size": MAXIMUM_PACKET_BYTES,
            }
        self.client = _OneConnection(
            access.client_id, clean_session=False, optimistic_acknowledgement=False, **properties
        )
        if access.username is not None:
            self.client.set_auth_credentials(access.username, access.password)
        self._lost = asyncio.Event()
        self._granted: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._has_session = False
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_disconnect = self._on_disconnect

    async def connect(self) -> bool:
        """Return whether the broker kept our session. Raises BrokerError."""
        address = self._access.address
        connecting = self.client.connect(
            address.host,
            address.port,
            ssl=self._access.tls or False,
            keepalive=KEEPALIVE_S,
            version=MQTTv50 if self._access.is_mqtt5 else MQTTv311,
        )
        try:
            await self._unless_lost(asyncio.ensure_future(connecting), "connecting")
        except (OSError, MQTTConnectError) as error:
            raise BrokerError("the MQTT broker cannot be reached", where=str(address), found=str(error)) from error
        return self._has_session

    async def subscribe(self) -> None:
        """Subscribe to the fleet at QoS 1. Raises BrokerError."""
        # MQTT 5 can leave out retained messages that a kept session has seen; 3.1.1 has no room for the wish.
        handling = 1 if self._access.is_mqtt5 else 0
        self.client.subscribe(gmqtt.Subscription(FLEET_FILTER, qos=1, retain_handling_options=handling))
        granted = await self._unless_lost(self._granted, "subscribing")
        if granted != 1:
            raise BrokerError(
                f"the MQTT broker does not give us '{FLEET_FILTER}' at QoS 1",
                where=str(self._access.address),
                found=f"SUBACK {granted}",
                todo="allow this user to read it",
            )

    async def stay(self, stop: asyncio.Event) -> None:
        """Return when ``stop`` is set. Raises BrokerError when the connection is lost before."""
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await self._unless_lost(stopping, "connected", limit_s=None)
        finally:
            stopping.cancel()

    async def close(self) -> None:
        """Say goodbye, where there is somebody to say it to; the session stays with the broker."""
        if not self._lost.is_set() and self.client.is_connected:
            await asyncio.wait({asyncio.ensure_future(self.client.disconnect())}, timeout=ANSWER_S)

    async def _unless_lost(self, wanted: asyncio.Future[Any], doing: str, limit_s: float | None = ANSWER_S) -> Any:  # noqa: ANN401  # whatever the future holds
        lost = asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({wanted, lost}, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()
        if wanted.done():
            return wanted.result()
        wanted.cancel()
        what = "the MQTT broker ended the connection" if self._lost.is_set() else "the MQTT broker does not answer"
        raise BrokerError(
            what,
            where=str(self._access.address),
            found=f"while {doing}",
            todo=f"check that no other program uses the client id '{self._access.client_id}'"
            if doing == "connected"
            else None,
        )

    def _on_connect(self, _client: gmqtt.Client, flags: int, _code: int, _properties: object) -> None:
        self._has_session = bool(flags)

    def _on_subscribe(self, _client: gmqtt.Client, _mid: int, granted: tuple[int, ...], _properties: object) -> None:
        if not self._granted.done():
            self._granted.set_result(granted[0])

    def _on_disconnect(self, _client: gmqtt.Client, _packet: object, _error: object = None) -> None:
        self._lost.set()


async def _wait_for(stop: asyncio.Event, limit_s: float) -> None:
    waiting = asyncio.ensure_future(stop.wait())
    await asyncio.wait({waiting}, timeout=limit_s)
    waiting.cancel()

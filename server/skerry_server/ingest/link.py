"""One connection to the broker: gmqtt's callbacks turned into things that can be awaited, and acknowledgements in bulk.

gmqtt makes a task for each message and sends a PUBACK by itself when it has ended. At a fleet's rate that is most of
the cost, so PUBLISH packets are taken apart here, and the acknowledgements of a whole batch leave in one write.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gmqtt
from gmqtt.mqtt.constants import MQTTCommands, MQTTv50, MQTTv311
from gmqtt.mqtt.handler import MQTTConnectError
from msgspec import Struct

from skerry_edge.foundation.broker_address import BrokerAddress
from skerry_server.broker_refusal import connection_refused
from skerry_server.errors import BrokerError

ANSWER_S = 10.0
KEEPALIVE_S = 30
RECEIVE_MAXIMUM = 15_000
"""Messages that the broker may have on the way to us unacknowledged (MQTT 5): three batches, or what it allows."""
MAXIMUM_PACKET_BYTES = 16 * 1024 * 1024
"""Above this, an MQTT 5 broker drops a message instead of sending it; far above what the contract allows."""
TAKEN_OVER = 0x8E
"""MQTT 5 clause 3.14.2.1: another client has connected with the same client id."""
_PUBACK = struct.Struct("!BBH")
_PUBACK_BODY_BYTES = 2


@dataclass(frozen=True, kw_only=True)
class Access:
    """How to reach the broker, under which name the session is kept there, and what to subscribe to.

    ``former_filter`` is what a session of that name may have been subscribed to under another configuration.
    """

    address: BrokerAddress
    client_id: str
    is_mqtt5: bool
    session_expiry_s: int
    topic_filter: str
    former_filter: str | None = None
    username: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None


class Publication(Struct, frozen=True, kw_only=True, gc=False):
    """A PUBLISH as it came; ``packet_id`` is None at QoS 0."""

    topic: bytes
    payload: bytes
    packet_id: int | None
    is_retained: bool


def parse_publish(first_byte: int, body: bytes, *, is_mqtt5: bool) -> Publication:
    """Take a PUBLISH apart (MQTT 5 clause 3.3): ``body`` is what follows the fixed header. Raises IndexError."""
    at = 2 + (body[0] << 8 | body[1])
    topic = body[2:at]
    packet_id = None
    if first_byte & 0x06:
        packet_id = body[at] << 8 | body[at + 1]
        at += 2
    if is_mqtt5:
        length, shift = 0, 0
        while True:
            byte = body[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        at += length
    return Publication(topic=topic, payload=body[at:], packet_id=packet_id, is_retained=bool(first_byte & 0x01))


class OneConnection(gmqtt.Client):  # type: ignore[misc]  # gmqtt ships no types
    """A client for one connection only.

    The next connection gets a new client, so an acknowledgement that comes late goes nowhere, instead of to a
    packet id that now belongs to another message.
    """

    async def reconnect(self, delay: bool = False) -> None:  # noqa: FBT001, FBT002  # gmqtt's signature
        """Leave reconnecting to the consumer."""


class Link:
    """One connection; ``arrive`` gets each message with the link that acknowledges it.

    While ``has_room`` is not set nothing is read, so that what the broker has for us waits there.
    """

    def __init__(self, access: Access, arrive: Callable[[Publication, Link], None], *, has_room: asyncio.Event) -> None:
        self._access = access
        self._arrive = arrive
        self._has_room = has_room
        # What gmqtt has to say reaches the operator through the errors raised here.
        logging.getLogger("gmqtt").setLevel(logging.CRITICAL)
        properties: dict[str, Any] = {}
        if access.is_mqtt5:
            properties = {
                "session_expiry_interval": access.session_expiry_s,
                "receive_maximum": RECEIVE_MAXIMUM,
                "maximum_packet_size": MAXIMUM_PACKET_BYTES,
            }
        self._client = OneConnection(
            access.client_id, clean_session=False, optimistic_acknowledgement=False, **properties
        )
        if access.username is not None:
            self._client.set_auth_credentials(access.username, access.password)
        self._lost = asyncio.Event()
        self._reason: int | None = None
        self._granted: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._has_session = False
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        # gmqtt looks handlers up by the packet's type and remembers them here; it has no public way to take packets.
        self._client._package_handler._handler_cache[MQTTCommands.PUBLISH.value] = self._on_publish  # noqa: SLF001

    async def connect(self) -> bool:
        """Return whether the broker kept our session. Raises BrokerError."""
        address = self._access.address
        connecting = self._client.connect(
            address.host,
            address.port,
            ssl=self._access.tls or False,
            keepalive=KEEPALIVE_S,
            version=MQTTv50 if self._access.is_mqtt5 else MQTTv311,
        )
        try:
            await self._unless_lost(asyncio.ensure_future(connecting), "connecting")
        except MQTTConnectError as error:
            # gmqtt has no public name for the code.
            raise connection_refused(error._code, where=str(address)) from error  # noqa: SLF001  # as above
        except OSError as error:
            raise BrokerError("the MQTT broker cannot be reached", where=str(address), found=str(error)) from error
        self._read_where_there_is_room()
        return self._has_session

    async def subscribe(self) -> None:
        """Subscribe to the fleet at QoS 1. Raises BrokerError."""
        topic_filter = self._access.topic_filter
        # MQTT 5 can leave out retained messages that a kept session has seen; 3.1.1 has no room for the wish.
        handling = 1 if self._access.is_mqtt5 else 0
        self._client.subscribe(gmqtt.Subscription(topic_filter, qos=1, retain_handling_options=handling))
        granted = await self._unless_lost(self._granted, "subscribing")
        if granted != 1:
            raise BrokerError(
                f"the MQTT broker does not give us '{topic_filter}' at QoS 1",
                where=str(self._access.address),
                found=f"SUBACK {granted}",
                todo="allow this user to read it",
            )
        if self._has_session and self._access.former_filter is not None:
            # After the other, so that there is no moment without one.
            self._client.unsubscribe(self._access.former_filter)

    async def stay(self, stop: asyncio.Event) -> None:
        """Return when ``stop`` is set. Raises BrokerError when the connection is lost before."""
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await self._unless_lost(stopping, "connected", limit_s=None)
        finally:
            stopping.cancel()

    async def close(self) -> None:
        """Say goodbye, where there is somebody to say it to; the session stays with the broker."""
        if not self._lost.is_set() and self._client.is_connected:
            await asyncio.wait({asyncio.ensure_future(self._client.disconnect())}, timeout=ANSWER_S)
        self._lost.set()

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """Send a PUBACK for each, in order; does nothing where the connection is gone."""
        if self._lost.is_set() or not packet_ids:
            return
        data = b"".join(_PUBACK.pack(MQTTCommands.PUBACK, _PUBACK_BODY_BYTES, one) for one in packet_ids)
        # gmqtt acknowledges one message at a time only.
        self._client._connection._protocol.write_data(data)  # noqa: SLF001

    async def _unless_lost(self, wanted: asyncio.Future[Any], doing: str, limit_s: float | None = ANSWER_S) -> Any:  # noqa: ANN401  # whatever the future holds
        lost = asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({wanted, lost}, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()
        if wanted.done():
            return wanted.result()
        wanted.cancel()
        raise self._loss(doing)

    def _loss(self, doing: str) -> BrokerError:
        where = str(self._access.address)
        if not self._lost.is_set():
            return BrokerError("the MQTT broker does not answer", where=where, found=f"while {doing}")
        name = self._access.client_id
        if self._reason == TAKEN_OVER:
            return BrokerError(
                f"another server has taken the session '{name}' from this one",
                where=where,
                todo=f"stop it, or let one of the two not use the client id '{name}': 'broker.client_id', or --worker",
            )
        todo = f"check that no other program uses the client id '{name}'" if doing == "connected" else None
        return BrokerError("the MQTT broker ended the connection", where=where, found=f"while {doing}", todo=todo)

    def _read_where_there_is_room(self) -> None:
        """Have gmqtt's loop wait before it reads; its stream then stops the socket by itself."""
        connection = self._client._connection  # noqa: SLF001  # gmqtt reads without asking anybody
        protocol, has_room = connection._protocol, self._has_room  # noqa: SLF001  # as above
        read = protocol.read

        async def read_with_room(size: int) -> bytes:
            while not has_room.is_set():
                # gmqtt closes a connection that nothing came over, and here it is we who do not listen.
                connection._last_data_in = time.monotonic()  # noqa: SLF001  # as above
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(has_room.wait(), KEEPALIVE_S / 2)
            data: bytes = await read(size)
            return data

        protocol.read = read_with_room

    def _on_publish(self, first_byte: int, body: bytes) -> None:
        self._arrive(parse_publish(first_byte, body, is_mqtt5=self._access.is_mqtt5), self)

    def _on_connect(self, _client: gmqtt.Client, flags: int, _code: int, _properties: object) -> None:
        self._has_session = bool(flags)

    def _on_subscribe(self, _client: gmqtt.Client, _mid: int, granted: tuple[int, ...], _properties: object) -> None:
        if not self._granted.done():
            self._granted.set_result(granted[0])

    def _on_disconnect(self, _client: gmqtt.Client, packet: object, _error: object = None) -> None:
        if isinstance(packet, bytes) and packet:
            self._reason = packet[0]
        self._lost.set()

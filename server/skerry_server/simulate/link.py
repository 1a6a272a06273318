"""One MQTT connection of a simulated fleet: QoS 1 within the broker's window, until it is cut or closed."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from skerry_edge.foundation.broker_address import BrokerAddress
from skerry_server.broker_refusal import NOT_AUTHORIZED, connection_refused
from skerry_server.errors import BrokerError
from skerry_server.simulate import packets
from skerry_server.simulate.acts import Outgoing
from skerry_server.simulate.packets import Login, Welcome

ANSWER_S = 30.0
"""How long the broker may take to answer anything."""
KEEPALIVE_S = 60
FILTERS_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Where the broker is and how to get in."""

    address: BrokerAddress
    login: Login | None = None
    tls: ssl.SSLContext | None = None


class _Stream(asyncio.Protocol):
    """One TCP connection: a link that was closed and opened again takes no news of the one before for its own."""

    def __init__(self, on_data: Callable[[_Stream, bytes], None], on_end: Callable[[_Stream, str], None]) -> None:
        self._on_data = on_data
        self._on_end = on_end

    def data_received(self, data: bytes) -> None:
        """Pass on what came (asyncio.Protocol)."""
        self._on_data(self, data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on that it ended (asyncio.Protocol)."""
        self._on_end(self, str(exc) if exc else "the connection ended")


class Link:
    """A connection under ``client_id``.

    ``on_message`` gets (topic, payload), ``on_lost`` the reason when it breaks, ``on_barred`` why nothing can be
    published at all.

    What the broker has not acknowledged outlives the connection: the next one sends it again. ``refused`` counts what
    it did not take: messages and subscriptions that it forbids, and packets larger than it allows.
    """

    def __init__(
        self,
        access: Access,
        client_id: str,
        *,
        on_message: Callable[[str, bytes], None],
        on_lost: Callable[[str], None],
        on_barred: Callable[[BrokerError], None],
    ) -> None:
        self.refused = 0
        self._access = access
        self._client_id = client_id
        self._on_message = on_message
        self._on_lost = on_lost
        self._on_barred = on_barred
        self._may_publish = False
        self._stream: _Stream | None = None
        self._transport: asyncio.Transport | None = None
        self._reader = packets.Reader()
        self._accepted: asyncio.Future[Welcome] | None = None
        self._window = self._max_packet_bytes = 0
        self._farewell: str | None = None
        self._next_id = 0
        self._sent: dict[int, Outgoing] = {}
        self._unsent: deque[Outgoing] = deque()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def is_open(self) -> bool:
        """Whether the connection stands and was accepted."""
        return self._window > 0

    async def open(self, will: Outgoing | None) -> None:
        """Connect, and send what was not acknowledged. Raises BrokerError."""
        try:
            await asyncio.wait_for(self._open(will), ANSWER_S)
        except (OSError, asyncio.TimeoutError) as error:
            self._drop()
            found = str(error) or f"no answer within {ANSWER_S:.0f} s"
            where = str(self._access.address)
            raise BrokerError("the MQTT broker cannot be reached", where=where, found=found) from error
        for packet_id, message in self._sent.items():
            self._write(packets.publish(message, packet_id, again=True))
        self._send()

    def subscribe(self, topics: Sequence[str]) -> None:
        """Subscribe at QoS 1."""
        for start in range(0, len(topics), FILTERS_AT_ONCE):
            self._write(packets.subscribe(topics[start : start + FILTERS_AT_ONCE], self._take_id()))

    def publish(self, message: Outgoing) -> None:
        """Publish as soon as the broker's window has room."""
        self._unsent.append(message)
        self._idle.clear()
        self._send()

    def ping(self) -> None:
        """Tell the broker that the connection stands."""
        if self.is_open:
            self._write(packets.PING)

    async def drain(self) -> None:
        """Return when the broker has acknowledged everything. Raises BrokerError where it does not."""
        try:
            await asyncio.wait_for(self._idle.wait(), ANSWER_S)
        except asyncio.TimeoutError as error:
            found = f"{len(self._sent) + len(self._unsent)} messages without PUBACK for {ANSWER_S:.0f} s"
            raise BrokerError(
                "the MQTT broker does not acknowledge", where=str(self._access.address), found=found
            ) from error

    def cut(self) -> None:
        """Let the connection break: a reset, as the broker sees a device without power."""
        self._drop()

    def close(self) -> None:
        """Say DISCONNECT and close."""
        transport = self._forget()
        if transport is not None:
            transport.write(packets.GOODBYE)
            transport.close()

    def _received(self, stream: _Stream, data: bytes) -> None:
        if stream is not self._stream:
            return
        try:
            for packet in self._reader.feed(data):
                self._handle(packet)
        except BrokerError as error:
            self._fail(error)

    def _ended(self, stream: _Stream, reason: str) -> None:
        """Tell who wants to know, unless it was closed from here."""
        if stream is not self._stream:
            return
        was_open, self._stream = self.is_open, None
        self._transport, self._window = None, 0
        if was_open:
            self._on_lost(self._farewell or reason)
        else:
            self._fail(BrokerError("the MQTT broker ended the connection", found=reason))

    async def _open(self, will: Outgoing | None) -> None:
        address, loop = self._access.address, asyncio.get_running_loop()
        self._reader, self._accepted = packets.Reader(), loop.create_future()
        self._stream = stream = _Stream(self._received, self._ended)
        self._transport, _ = await loop.create_connection(
            lambda: stream, address.host, address.port, ssl=self._access.tls
        )
        self._write(packets.connect(self._client_id, keepalive_s=KEEPALIVE_S, will=will, login=self._access.login))
        welcome = await self._accepted
        self._window, self._max_packet_bytes = welcome.window, welcome.max_packet_bytes

    def _handle(self, packet: packets.Packet) -> None:
        if packet.kind == packets.PUBACK:
            self._acknowledged(*packets.read_puback(packet.body))
            self._send()
        elif packet.kind == packets.PUBLISH:
            topic, answer_id, payload = packets.read_publish(packet)
            if answer_id is not None:
                self._write(packets.puback(answer_id))
            self._on_message(topic, payload)
        elif packet.kind == packets.CONNACK:
            self._accept(packets.read_connack(packet.body))
        elif packet.kind == packets.SUBACK:
            self.refused += len(packets.refusals(packet.body))
        elif packet.kind == packets.DISCONNECT:
            self._farewell = f"DISCONNECT with reason code 0x{packet.body[:1].hex() or '00'}"

    def _acknowledged(self, packet_id: int, code: int) -> None:
        message = self._sent.pop(packet_id, None)
        is_taken = code < packets.FIRST_ERROR
        self.refused += not is_taken
        self._may_publish = self._may_publish or is_taken
        # Of what is wrong on purpose the broker may refuse some; of who may publish it takes the first, a birth.
        if code == NOT_AUTHORIZED and not self._may_publish and message is not None:
            self._on_barred(
                BrokerError(
                    "the MQTT broker lets this user not publish for simulated devices",
                    where=str(self._access.address),
                    found=f"PUBACK with reason code 0x{code:02x} for '{message.topic}'",
                    todo="allow a user of its own to write their topics, and give it with --username: "
                    "'A simulated fleet at the broker' in docs/operating.md",
                )
            )

    def _accept(self, welcome: Welcome) -> None:
        if self._accepted is None or self._accepted.done():
            return
        if welcome.code >= packets.FIRST_ERROR:
            self._fail(connection_refused(welcome.code, where=str(self._access.address)))
        else:
            self._accepted.set_result(welcome)

    def _send(self) -> None:
        while self._unsent and len(self._sent) < self._window:
            message = self._unsent.popleft()
            packet_id = self._take_id()
            packet = packets.publish(message, packet_id)
            if len(packet) > self._max_packet_bytes:
                self.refused += 1
                continue
            self._sent[packet_id] = message
            self._write(packet)
        if not self._unsent and not self._sent:
            self._idle.set()

    def _take_id(self) -> int:
        while True:
            self._next_id = self._next_id % packets.MAX_PACKET_IDS + 1
            if self._next_id not in self._sent:
                return self._next_id

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def _fail(self, error: BrokerError) -> None:
        if self._accepted is not None and not self._accepted.done():
            self._accepted.set_exception(error)
        if self._transport is not None:
            self._transport.abort()

    def _drop(self) -> None:
        transport = self._forget()
        if transport is not None:
            transport.abort()

    def _forget(self) -> asyncio.Transport | None:
        transport, self._transport, self._stream, self._window = self._transport, None, None, 0
        return transport

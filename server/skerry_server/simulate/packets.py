"""The packets of MQTT 5 that a publishing client sends and gets, as far as a simulated device needs them. Pure.

Clauses are those of the OASIS standard "MQTT Version 5.0".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from skerry_server.errors import BrokerError
from skerry_server.simulate.acts import Outgoing

CONNACK, PUBLISH, PUBACK, SUBACK, DISCONNECT = 0x20, 0x30, 0x40, 0x90, 0xE0
PING = b"\xc0\x00"
GOODBYE = b"\xe0\x00"
FIRST_ERROR = 0x80
"""Reason codes from here on are refusals (2.4)."""
MAX_PACKET_IDS = 65_535
_NO_PROPERTIES = b"\x00"
_RECEIVE_MAXIMUM, _MAXIMUM_PACKET_SIZE = 0x21, 0x27
MAX_PACKET_BYTES = 268_435_455
# How long the value of a property is, by its identifier (2.2.2.2): a number of bytes, or how it tells.
_FIXED = {0x11: 4, 0x13: 2, 0x21: 2, 0x22: 2, 0x24: 1, 0x25: 1, 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1}
_TEXTS = {0x12: 1, 0x15: 1, 0x16: 1, 0x1A: 1, 0x1C: 1, 0x1F: 1, 0x26: 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A user's name and password, where the broker wants them."""

    username: str
    password: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Packet:
    """A packet as it came: its type in the high four bits of ``kind``, ``flags`` in the low four."""

    kind: int
    flags: int
    body: bytes


def connect(client_id: str, *, keepalive_s: int, will: Outgoing | None, login: Login | None) -> bytes:
    """Return CONNECT (3.1) for a clean session."""
    flags = 0x02
    payload = _text(client_id)
    if will is not None:
        flags |= 0x04 | (1 << 3) | (0x20 if will.retain else 0)
        payload += _NO_PROPERTIES + _text(will.topic) + _binary(will.payload)
    if login is not None:
        flags |= 0x80 | (0x40 if login.password is not None else 0)
        payload += _text(login.username) + (b"" if login.password is None else _text(login.password))
    head = _text("MQTT") + bytes([5, flags]) + struct.pack("!H", keepalive_s) + _NO_PROPERTIES
    return _packet(0x10, head + payload)


def publish(message: Outgoing, packet_id: int, *, again: bool = False) -> bytes:
    """Return PUBLISH (3.3) at QoS 1; ``again`` marks one that the broker may have had."""
    first = PUBLISH | 0x02 | (0x08 if again else 0) | (0x01 if message.retain else 0)
    return _packet(first, _text(message.topic) + struct.pack("!H", packet_id) + _NO_PROPERTIES + message.payload)


def puback(packet_id: int) -> bytes:
    """Return PUBACK (3.4)."""
    return _packet(PUBACK, struct.pack("!H", packet_id))


def subscribe(topics: Sequence[str], packet_id: int) -> bytes:
    """Return SUBSCRIBE (3.8) for ``topics`` at QoS 1."""
    filters = b"".join(_text(one) + b"\x01" for one in topics)
    return _packet(0x82, struct.pack("!H", packet_id) + _NO_PROPERTIES + filters)


@dataclass(frozen=True, kw_only=True, slots=True)
class Welcome:
    """A CONNACK: its reason code, how many messages may be without PUBACK, and how large a packet may be."""

    code: int
    window: int
    max_packet_bytes: int


class Reader:
    """Cuts a stream of bytes into packets."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Yield the packets that are complete with ``data``. Raises BrokerError for what is no MQTT."""
        self._rest += data
        while len(self._rest) >= 2:
            head = _length(self._rest, 1)
            if head is None or len(self._rest) < head[0] + head[1]:
                return
            start, length = head
            first, body = self._rest[0], self._rest[start : start + length]
            self._rest = self._rest[start + length :]
            yield Packet(kind=first & 0xF0, flags=first & 0x0F, body=body)


def read_connack(body: bytes) -> Welcome:
    """Return what a CONNACK says (3.2.2)."""
    if len(body) < 2:
        raise BrokerError("the broker's CONNACK is cut short", found=body.hex())
    numbers = _numbers(body[2:])
    return Welcome(
        code=body[1],
        window=numbers.get(_RECEIVE_MAXIMUM, MAX_PACKET_IDS),
        max_packet_bytes=numbers.get(_MAXIMUM_PACKET_SIZE, MAX_PACKET_BYTES),
    )


def read_puback(body: bytes) -> tuple[int, int]:
    """Return the packet id and the reason code (3.4.2)."""
    if len(body) < 2:
        raise BrokerError("the broker's PUBACK is cut short", found=body.hex())
    return struct.unpack("!H", body[:2])[0], body[2] if len(body) > 2 else 0


def read_publish(packet: Packet) -> tuple[str, int | None, bytes]:
    """Return the topic, the packet id (None at QoS 0) and the payload (3.3.2)."""
    try:
        (size,) = struct.unpack_from("!H", packet.body)
        topic, at = packet.body[2 : 2 + size].decode(), 2 + size
        packet_id = None
        if packet.flags & 0x06:
            (packet_id,) = struct.unpack_from("!H", packet.body, at)
            at += 2
    except (struct.error, UnicodeDecodeError) as error:
        raise BrokerError("the broker sent a PUBLISH that is none", found=str(error)) from error
    head = _length(packet.body, at)
    if head is None:
        raise BrokerError("the broker sent a PUBLISH that is cut short", found=packet.body[:16].hex())
    return topic, packet_id, packet.body[sum(head) :]


def refusals(body: bytes) -> list[int]:
    """Return the reason codes of a SUBACK that are refusals (3.9.3)."""
    head = _length(body, 2)
    codes = body[sum(head) :] if head else b""
    return [code for code in codes if code >= FIRST_ERROR]


def _numbers(data: bytes) -> dict[int, int]:
    """Return the properties (2.2.2) that are numbers, by their identifiers."""
    head = _length(data, 0)
    at, end = (head[0], sum(head)) if head else (0, 0)
    numbers = {}
    while at < min(end, len(data)):
        identifier = data[at]
        at += 1
        if identifier in _FIXED:
            numbers[identifier] = int.from_bytes(data[at : at + _FIXED[identifier]], "big")
            at += _FIXED[identifier]
        elif identifier in _TEXTS:
            for _ in range(_TEXTS[identifier]):
                at += 2 + int.from_bytes(data[at : at + 2], "big")
        else:
            raise BrokerError("the broker sent a property that MQTT 5 does not know", found=f"0x{identifier:02x}")
    return numbers


def _length(data: bytes, at: int) -> tuple[int, int] | None:
    """Return where what follows a variable byte integer (1.5.5) begins, and its value; None where more is to come."""
    value = shift = 0
    for position in range(at, min(at + 4, len(data))):
        value |= (data[position] & 0x7F) << shift
        shift += 7
        if data[position] < 0x80:
            return position + 1, value
    if len(data) >= at + 4:
        raise BrokerError("this is no MQTT: a length of more than four bytes", found=data[at : at + 4].hex())
    return None


def _packet(first: int, body: bytes) -> bytes:
    length, encoded = len(body), b""
    while True:
        length, low = length >> 7, length & 0x7F
        encoded += bytes([low | (0x80 if length else 0)])
        if not length:
            return bytes([first]) + encoded + body


def _text(text: str) -> bytes:
    return _binary(text.encode())


def _binary(data: bytes) -> bytes:
    return struct.pack("!H", len(data)) + data

"""Deliveries to bytes and back: frames that carry their length and checksum, read past any damage. Pure.

A frame is a mark, the length of its body, a CRC-32 over length and body (zlib's polynomial), and the body: when the
delivery came, whether it was retained, its topic and its payload. What is damaged is skipped to the next mark behind
which a whole frame stands, so that one bad sector costs no frame but its own. Each file has a mark of its own, drawn
at random: no payload can be made to look like a row of frames.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from skerry_server.ingest.validate import Delivery

MARK_BYTES = 4
MAX_BODY_BYTES = 64 * 1024 * 1024
"""Far above the largest packet that a broker may send us; a longer length is damage."""
_HEAD = struct.Struct("<4sII")
_LENGTH = struct.Struct("<I")
_BODY = struct.Struct("<qBI")


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What was read: the deliveries of all whole frames, and how many bytes belong to none.

    ``torn_bytes`` are at the end, as a process leaves them that was killed while it wrote; ``damaged_bytes`` are
    before or between whole frames.
    """

    deliveries: list[Delivery]
    damaged_bytes: int
    torn_bytes: int


def encode_frames(deliveries: Iterable[Delivery], mark: bytes) -> bytes:
    """Return one frame for each delivery."""
    return b"".join(_frame(one, mark) for one in deliveries)


def read_frames(data: bytes, mark: bytes) -> Contents:
    """Return what ``data`` holds, whatever it holds."""
    deliveries = []
    damaged = last_end = at = 0
    while (start := data.find(mark, at)) >= 0:
        found = _whole(data, start)
        if found is None:
            at = start + 1
            continue
        damaged += start - last_end
        delivery, last_end = found
        deliveries.append(delivery)
        at = last_end
    return Contents(deliveries=deliveries, damaged_bytes=damaged, torn_bytes=len(data) - last_end)


def _frame(delivery: Delivery, mark: bytes) -> bytes:
    topic = delivery.topic.encode("utf-8", "surrogatepass")
    body = _BODY.pack(delivery.received_ms, delivery.is_retained, len(topic)) + topic + delivery.payload
    return _HEAD.pack(mark, len(body), _checksum(len(body), body)) + body


def _checksum(length: int, body: bytes | memoryview) -> int:
    return zlib.crc32(body, zlib.crc32(_LENGTH.pack(length)))


def _whole(data: bytes, start: int) -> tuple[Delivery, int] | None:
    """Return the delivery of the frame at ``start`` and where the frame ends, or None where it is not whole."""
    begin = start + _HEAD.size
    if begin > len(data):
        return None
    _, length, checksum = _HEAD.unpack_from(data, start)
    end = begin + length
    if not _BODY.size <= length <= MAX_BODY_BYTES or end > len(data):
        return None
    if _checksum(length, memoryview(data)[begin:end]) != checksum:
        return None
    received_ms, is_retained, topic_bytes = _BODY.unpack_from(data, begin)
    payload = begin + _BODY.size + topic_bytes
    topic = data[begin + _BODY.size : payload].decode("utf-8", "surrogatepass")
    return Delivery(topic=topic, payload=data[payload:end], is_retained=bool(is_retained), received_ms=received_ms), end

"""Load for a broker: heartbeats of many devices, made beforehand and sent at QoS 1 as fast as they are taken."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Iterator

WINDOW = 200
VITALS = {
    "board": "raspberry-pi-5",
    "agent_version": "1.0.0",
    "uptime_s": 86400.5,
    "cpu_percent": 31.7,
    "memory_used_mb": 812.4,
    "memory_total_mb": 4096.0,
    "disk_free_mb": 20480.2,
    "temperature_c": 56.2,
    "cpu_mhz": 2400.0,
    "throttled": False,
    "undervoltage": False,
    "load_1min": 0.61,
    "outbox_depth": 0,
    "crash_free_s": 86400.5,
    "interval_s": 30.0,
}
PIPELINE = {
    "name": "camera",
    "model": "skerry-signs",
    "model_version": "1.0.0",
    "backend": "onnx",
    "state": "running",
    "frames": 240,
    "drops": {"late": 1},
    "stages_ms": {
        stage: {"p50": 10.1, "p95": 14.2, "p99": 18.9} for stage in ("capture", "preprocess", "inference", "end_to_end")
    },
}


def heartbeats(devices: int, count: int, *, first_seq: int) -> Iterator[tuple[bytes, bytes]]:
    """Give ``count`` (topic, payload), each device in its turn, with a seq that rises from ``first_seq``."""
    now_ms = time.time_ns() // 1_000_000
    for number in range(count):
        device, seq = number % devices, first_seq + number // devices
        envelope = {
            "v": 1,
            "id": f"m{device}-{seq}",
            "session": "00000001-abcdef01",
            "seq": seq,
            "ts": now_ms,
            "clock": "synced",
        }
        body = json.dumps(envelope | VITALS | {"pipelines": [PIPELINE]}, separators=(",", ":"))
        yield b"skerry/v1/bench/dev-%06d/heartbeat" % device, body.encode()


class Publisher:
    """A client of MQTT 5 that knows three packets, which costs the machine less than a library's."""

    def __init__(self, port: int, client_id: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._buffer = b""
        self._packet_id = 0
        # CONNECT: protocol name, version 5, clean start, keep alive 600 s, no properties.
        name = client_id.encode()
        body = b"\x00\x04MQTT\x05\x02\x02\x58\x00" + struct.pack("!H", len(name)) + name
        self._socket.sendall(b"\x10" + _length(len(body)) + body)
        self._packet()

    def publish(self, messages: Iterator[tuple[bytes, bytes]]) -> None:
        """Send all, and return when all are acknowledged."""
        waiting, out = 0, []
        for topic, payload in messages:
            self._packet_id = self._packet_id % 60_000 + 1
            body = struct.pack("!H", len(topic)) + topic + struct.pack("!HB", self._packet_id, 0) + payload
            out.append(b"\x32" + _length(len(body)) + body)
            if len(out) == WINDOW // 2:
                self._socket.sendall(b"".join(out))
                waiting, out = waiting + len(out), []
                while waiting > WINDOW // 2:
                    self._packet()
                    waiting -= 1
        self._socket.sendall(b"".join(out))
        for _ in range(waiting + len(out)):
            self._packet()

    def close(self) -> None:
        """End the connection."""
        self._socket.sendall(b"\xe0\x00")
        self._socket.close()

    def _packet(self) -> None:
        """Take one packet from the broker; all that it sends are shorter than 128 bytes."""
        while len(self._buffer) < 2 or len(self._buffer) < 2 + self._buffer[1]:
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError("the broker ended the publisher's connection")
            self._buffer += data
        self._buffer = self._buffer[2 + self._buffer[1] :]


def _length(size: int) -> bytes:
    encoded = b""
    while True:
        size, low = size >> 7, size & 0x7F
        encoded += bytes([low | (0x80 if size else 0)])
        if not size:
            return encoded

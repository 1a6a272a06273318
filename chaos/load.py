"""A fleet that publishes while the broker comes and goes: what was not acknowledged is sent again, as devices do."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

DEVICES = 10
SESSION = "00000001-abcdef01"
ENVELOPE = {"v": 1, "session": SESSION, "clock": "synced"}
VITALS = {
    "board": "b",
    "agent_version": "1",
    "uptime_s": 1.0,
    "cpu_percent": 1.0,
    "memory_used_mb": 1.0,
    "memory_total_mb": 2.0,
    "disk_free_mb": 3.0,
}
EVENT = {"kind": "detection", "pipeline": "camera", "label": "car", "score": 0.5}
EVENT_EACH = 5
"""Every so many messages one is an event."""


@dataclass(slots=True)
class Sent:
    """What the broker has taken: (device, seq) of heartbeats and of events."""

    heartbeats: set[tuple[str, int]] = field(default_factory=set)
    events: set[tuple[str, int]] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.heartbeats) + len(self.events)


class Load:
    """Publishes ``total`` messages of some devices at QoS 1, ``rate_hz`` of them a second."""

    def __init__(self, port: int, *, total: int, rate_hz: float) -> None:
        self.sent = Sent()
        self._total = total
        self._rate_hz = rate_hz
        self._on_way: dict[int, tuple[str, str, int]] = {}
        self._early: set[int] = set()
        self._last_ms: dict[str, int] = {}
        self._lock = threading.Lock()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="load", protocol=MQTTProtocolVersion.MQTTv5)
        self._client.reconnect_delay_set(1, 1)
        self._client.max_inflight_messages_set(1000)
        self._client.on_publish = self._taken
        self._client.connect_async("127.0.0.1", port, keepalive=10)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin."""
        self._client.loop_start()
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether the broker has all of them."""
        return len(self.sent) >= self._total

    def close(self) -> None:
        """End the connection."""
        self._stopped.set()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    def _run(self) -> None:
        began_s = time.monotonic()
        for number in range(self._total):
            kind = "event" if number % EVENT_EACH == 0 else "heartbeat"
            self._publish(f"dev-{number % DEVICES}", kind, 1 + number // DEVICES)
            ahead_s = number / self._rate_hz - (time.monotonic() - began_s)
            if ahead_s > 0 and self._stopped.wait(ahead_s):
                return

    def _publish(self, device: str, kind: str, seq: int) -> None:
        # Two in one millisecond are one to a store that keeps milliseconds.
        self._last_ms[device] = max(time.time_ns() // 1_000_000, self._last_ms.get(device, 0) + 1)
        # paho keeps what is not acknowledged and sends it again by itself when it has connected anew.
        body = ENVELOPE | {"id": f"{device}-{seq}", "seq": seq, "ts": self._last_ms[device]}
        payload = json.dumps(body | (EVENT if kind == "event" else VITALS))
        # Not under the lock: paho calls `_taken` while it holds one of its own.
        mid = self._client.publish(f"skerry/v1/chaos/{device}/{kind}", payload, qos=1).mid
        with self._lock:
            if mid in self._early:
                self._early.remove(mid)
                self._note(device, kind, seq)
            else:
                self._on_way[mid] = (device, kind, seq)

    def _taken(self, _client: Client, _userdata: object, mid: int, _code: object, _properties: object) -> None:
        with self._lock:
            if mid in self._on_way:
                self._note(*self._on_way.pop(mid))
            else:
                self._early.add(mid)

    def _note(self, device: str, kind: str, seq: int) -> None:
        (self.sent.events if kind == "event" else self.sent.heartbeats).add((device, seq))

"""The fleet's side: a subscriber with a session that the broker keeps, which notes every event in order of arrival."""

from __future__ import annotations

import threading
import time

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from skerry_edge.contracts.codec import decode
from skerry_edge.contracts.messages import Event, Status
from skerry_edge.contracts.topics import FLEET_FILTER, parse_topic

_CONNECT_S = 30.0


class Collector:
    """Events and states as they arrive; connects again whenever the broker comes back."""

    def __init__(self, port: int) -> None:
        self.events: list[Event] = []
        self.arrived_s: list[float] = []
        """When each event arrived, on the monotonic clock."""
        self.states: list[Status] = []
        self._subscribed = threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id="collector",
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(FLEET_FILTER, qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._note
        self._client.connect_async("127.0.0.1", port, keepalive=10)

    def start(self) -> None:
        """Subscribe. Raises TimeoutError where the broker does not answer."""
        self._client.loop_start()
        if not self._subscribed.wait(_CONNECT_S):
            raise TimeoutError("the collector could not subscribe")

    @property
    def is_connected(self) -> bool:
        """Whether the broker has let it in since the connection was last lost."""
        return self._client.is_connected()

    def close(self) -> None:
        """End the connection."""
        self._client.disconnect()
        self._client.loop_stop()

    def _note(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        kind = parse_topic(message.topic).kind
        if kind not in ("event", "status"):
            return
        decoded = decode(kind, bytes(message.payload))
        if isinstance(decoded, Event):
            self.events.append(decoded)
            self.arrived_s.append(time.monotonic())
        elif isinstance(decoded, Status):
            self.states.append(decoded)

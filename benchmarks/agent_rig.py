"""A real broker, `skerry agent run` and what the fleet hears of it, for the figures of a running agent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chaos.programs import Program, agent, free_port, mosquitto
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from skerry_edge.contracts.codec import decode
from skerry_edge.contracts.messages import Event, Heartbeat, Message, Status
from skerry_edge.contracts.topics import FLEET_FILTER, parse_topic

WAIT_S = 120.0


class Heard:
    """Every heartbeat, status and event since the start, in order of arrival, and when it came (Unix seconds)."""

    def __init__(self, port: int) -> None:
        self.messages: list[Message] = []
        self.came_s: list[float] = []
        self._news = threading.Condition()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe(FLEET_FILTER, qos=1)
        self._client.on_message = self._note
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        """End the connection."""
        self._client.disconnect()
        self._client.loop_stop()

    def heartbeats(self) -> list[Heartbeat]:
        """Return the heartbeats so far."""
        return [one for one in self.messages if isinstance(one, Heartbeat)]

    def statuses(self) -> list[Status]:
        """Return the statuses so far."""
        return [one for one in self.messages if isinstance(one, Status)]

    def when(self, fits: Callable[[Message], object]) -> float:
        """Wait for the first message that fits, and return when it came. Raises TimeoutError after WAIT_S."""
        self.wait(lambda: any(fits(one) for one in self.messages), "the message")
        return next(at_s for one, at_s in zip(self.messages, self.came_s, strict=False) if fits(one))

    def wait(self, holds: Callable[[], object], what: str) -> None:
        """Return as soon as it holds. Raises TimeoutError after WAIT_S."""
        with self._news:
            if not self._news.wait_for(holds, WAIT_S):
                raise TimeoutError(f"{what} did not come within {WAIT_S:g} s")

    def _note(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        kind = parse_topic(message.topic).kind
        if kind not in ("heartbeat", "status", "event"):
            return
        now_s = time.time()
        decoded = decode(kind, bytes(message.payload))
        assert isinstance(decoded, (Heartbeat, Status, Event))  # noqa: S101  # these kinds are no others
        with self._news:
            self.messages.append(decoded)
            self.came_s.append(now_s)
            self._news.notify_all()


@contextmanager
def running_agent(
    folder: Path,
    pipelines: list[dict[str, Any]],
    *,
    heartbeat_interval_s: float = 1.0,
    environment: Mapping[str, str] | None = None,
) -> Iterator[tuple[Program, Heard]]:
    """Run broker and agent during the body. Raises FileNotFoundError where Mosquitto is not installed."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    broker = mosquitto(folder, port)
    settings: dict[str, Any] = {
        "site": "bench",
        "device": "bench-1",
        "board": "generic-x86",
        "state_dir": str(folder / "state"),
        "heartbeat_interval_s": heartbeat_interval_s,
        "mqtt": {"url": f"mqtt://127.0.0.1:{port}"},
        "pipelines": pipelines,
    }
    broker.start()
    heard = Heard(port)
    device = agent(folder, settings, environment)
    try:
        device.start()
        yield device, heard
    finally:
        device.stop()
        heard.close()
        broker.stop()

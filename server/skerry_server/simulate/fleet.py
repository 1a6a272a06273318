"""A fleet of simulated devices over MQTT: each with its own connection, session, will, birth and goodbye."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from typing import Any

import gmqtt
from gmqtt.mqtt.handler import MQTTConnectError

from skerry_edge.contracts.codec import Payload, encode
from skerry_edge.contracts.topics import UpKind, topic_of
from skerry_edge.foundation.broker_address import parse_broker_url
from skerry_server.errors import BrokerError
from skerry_server.health import now_ms
from skerry_server.simulate.device import SimulatedDevice, make_devices

CONNECT_S = 10.0
GOODBYE_S = 2.0
KEEPALIVE_S = 15


class SimulatedFleet:
    """Runs ``devices`` devices in one event loop, each sending ``rate`` heartbeats a second and now and then an event.

    ``seed`` fixes what they send; the start counter in their sessions is the time, so that a later run counts as
    later. ``sent`` counts what was published, by kind of message. Raises ConfigError for an address that is none.
    """

    def __init__(self, devices: int, rate: float, seed: int, broker_url: str) -> None:
        self._address = parse_broker_url(broker_url, where="the simulated fleet")
        self.devices = make_devices(devices, seed=seed, interval_s=1.0 / rate, start_counter=int(time.time()))
        self.sent: Counter[str] = Counter()

    async def run(self, stop: asyncio.Event) -> None:
        """Keep all devices going until ``stop`` is set, then let each say goodbye.

        Raises BrokerError when a device cannot connect at the start; later the devices connect again by themselves.
        """
        links = [_Link(device, self.sent) for device in self.devices]
        try:
            await asyncio.gather(*(link.connect(self._address.host, self._address.port) for link in links))
            beating = [asyncio.create_task(link.beat()) for link in links]
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({stopping, *beating}, return_when=asyncio.FIRST_COMPLETED)
            for task in (stopping, *beating):
                task.cancel()
            for outcome in await asyncio.gather(*beating, return_exceptions=True):
                if isinstance(outcome, Exception):
                    raise outcome
        finally:
            await asyncio.gather(*(link.leave() for link in links), return_exceptions=True)


class _Link:
    """One device's connection; gmqtt connects again by itself, and every connection begins with a birth."""

    def __init__(self, device: SimulatedDevice, sent: Counter[str]) -> None:
        self._device = device
        self._sent = sent
        will = gmqtt.Message(self._topic("status"), encode(device.will(now_ms())), qos=1, retain=True)
        self._client = gmqtt.Client(device.name, will_message=will)
        self._client.on_connect = self._on_connect
        self._is_up = False

    async def connect(self, host: str, port: int) -> None:
        """Connect for the first time. Raises BrokerError."""
        try:
            await asyncio.wait_for(self._client.connect(host, port, keepalive=KEEPALIVE_S), CONNECT_S)
        except (OSError, MQTTConnectError, asyncio.TimeoutError) as error:
            found = f"{type(error).__name__}: {error}"
            raise BrokerError("a simulated device cannot connect", where=f"{host}:{port}", found=found) from error
        self._is_up = True

    async def beat(self) -> None:
        """Send heartbeats, and now and then an event, until cancelled."""
        # Not all at once: real devices were not switched on in the same second either.
        await asyncio.sleep(self._device.chance.uniform(0.0, min(1.0, self._device.interval_s)))
        while True:
            self._publish("heartbeat", self._device.heartbeat(now_ms()))
            event = self._device.event(now_ms())
            if event is not None:
                self._publish("event", event)
            await asyncio.sleep(self._device.interval_s)

    async def leave(self) -> None:
        """Say goodbye and disconnect, as far as there still is a connection."""
        if not self._is_up:
            return
        if self._client.is_connected:
            self._publish("status", self._device.goodbye(now_ms()), is_retained=True)
        with contextlib.suppress(asyncio.TimeoutError, OSError):
            await asyncio.wait_for(self._client.disconnect(), GOODBYE_S)

    def _on_connect(self, _client: gmqtt.Client, _flags: int, _code: int, _properties: dict[str, Any]) -> None:
        self._publish("status", self._device.birth(now_ms()), is_retained=True)

    def _publish(self, kind: UpKind, message: Payload, *, is_retained: bool = False) -> None:
        self._client.publish(self._topic(kind), encode(message), qos=1, retain=is_retained)
        self._sent[kind] += 1

    def _topic(self, kind: UpKind) -> str:
        return topic_of(self._device.site, self._device.name, kind)

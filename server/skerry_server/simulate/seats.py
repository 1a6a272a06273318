"""Where simulated devices sit at the broker: each on its own connection, or several on one that plays their wills."""

from __future__ import annotations

import abc
import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

from skerry_edge.contracts.topics import DownKind, topic_of
from skerry_server.errors import BrokerError
from skerry_server.simulate.acts import Act, Connect, Cut, Leave, Outgoing, Publish
from skerry_server.simulate.device import SimulatedDevice
from skerry_server.simulate.link import Access, Link

RETRY_S, RETRY_EVERY_S = 30.0, 0.5
MAX_LOSSES, LOSSES_WITHIN_S = 5, 60.0


class Surroundings:
    """What seats share: how to get in, who hears messages and failures, and how many connect at a time.

    ``reconnect`` says what a device does whose connection broke unasked: a Connect with its next will, and its birth.
    """

    def __init__(
        self,
        access: Access,
        *,
        on_message: Callable[[str, bytes], None],
        reconnect: Callable[[SimulatedDevice], list[Act]],
        on_failure: Callable[[BrokerError], None],
    ) -> None:
        self.access = access
        self.on_message = on_message
        self.reconnect = reconnect
        self.on_failure = on_failure
        # A broker's queue of connections to accept is short: Linux makes the rest wait a second and more.
        self.door = asyncio.Semaphore(64)
        self.interruptions = 0


class Seat(abc.ABC):
    """A connection and the devices on it; a connection that breaks unasked is opened again, within limits."""

    def __init__(self, client_id: str, devices: Sequence[SimulatedDevice], surroundings: Surroundings) -> None:
        self._devices = devices
        self._around = surroundings
        self._client_id = client_id
        self.link = Link(
            surroundings.access,
            client_id,
            on_message=surroundings.on_message,
            on_lost=self._on_lost,
            on_barred=surroundings.on_failure,
        )
        self._will: Outgoing | None = None
        self._losses: deque[float] = deque(maxlen=MAX_LOSSES)
        self._reopening: asyncio.Task[None] | None = None

    @abc.abstractmethod
    def perform(self, device: SimulatedDevice, acts: Sequence[Act]) -> None:
        """Begin to do ``acts``, after all that were asked for before."""

    @abc.abstractmethod
    async def settle(self) -> None:
        """Return when everything asked for is done and acknowledged. Raises BrokerError."""

    def drop(self) -> None:
        """End at once, whatever is under way."""
        if self._reopening is not None:
            self._reopening.cancel()
        self.link.cut()

    async def _open(self) -> None:
        async with self._around.door:
            await self.link.open(self._will)

    def _listen(self, devices: Sequence[SimulatedDevice]) -> None:
        kinds: tuple[DownKind, ...] = ("desired", "command")
        self.link.subscribe([topic_of(one.site, one.name, kind) for one in devices for kind in kinds])

    def _on_lost(self, reason: str) -> None:
        self._around.interruptions += 1
        now_s = time.monotonic()
        if len(self._losses) == MAX_LOSSES and now_s - self._losses[0] < LOSSES_WITHIN_S:
            where = f"{self._around.access.address}, client id '{self._client_id}'"
            what = f"the MQTT broker ended one connection more than {MAX_LOSSES} times within {LOSSES_WITHIN_S:.0f} s"
            self._around.on_failure(BrokerError(what, where=where, found=reason))
            return
        self._losses.append(now_s)
        self._reopening = asyncio.ensure_future(self._reopen(now_s + RETRY_S))

    async def _reopen(self, until_s: float) -> None:
        births: list[tuple[SimulatedDevice, Act]] = []
        for device in self._devices:
            for act in self._around.reconnect(device):
                if isinstance(act, Connect):
                    self._take_will(device, act.will)
                else:
                    births.append((device, act))
        while (error := await self._try_open()) is not None:
            if time.monotonic() > until_s:
                self._around.on_failure(error)
                return
            await asyncio.sleep(RETRY_EVERY_S)
        self._listen(self._devices)
        for device, act in births:
            self.perform(device, [act])

    @abc.abstractmethod
    def _take_will(self, device: SimulatedDevice, will: Outgoing) -> None:
        """Note what is to be published when ``device`` breaks off."""

    async def _try_open(self) -> BrokerError | None:
        try:
            await self._open()
        except BrokerError as error:
            return error
        return None


class OwnSeat(Seat):
    """One device on a connection of its own, with an honest will."""

    def __init__(self, device: SimulatedDevice, surroundings: Surroundings) -> None:
        super().__init__(device.name, [device], surroundings)
        self._acts: deque[Act] = deque()
        self._working: asyncio.Task[None] | None = None

    def perform(self, device: SimulatedDevice, acts: Sequence[Act]) -> None:  # noqa: ARG002  # there is only one
        """Publish at once; what needs an answer of the broker is waited for by a task."""
        self._acts.extend(acts)
        if self._working is None or self._working.done():
            while self._acts and isinstance(one := self._acts[0], Publish):
                self.link.publish(one.message)
                self._acts.popleft()
            if self._acts:
                self._working = asyncio.ensure_future(self._work())

    async def settle(self) -> None:
        """Return when everything asked for is done and acknowledged. Raises BrokerError."""
        if self._working is not None:
            await self._working
        if self.link.is_open or self._is_reopening():
            await self.link.drain()

    def drop(self) -> None:
        """End at once, whatever is under way."""
        if self._working is not None:
            self._working.cancel()
        super().drop()

    def _is_reopening(self) -> bool:
        return self._reopening is not None and not self._reopening.done()

    def _take_will(self, device: SimulatedDevice, will: Outgoing) -> None:  # noqa: ARG002  # there is only one
        self._will = will

    async def _work(self) -> None:
        try:
            while self._acts:
                await self._do(self._acts.popleft())
        except BrokerError as error:
            self._around.on_failure(error)

    async def _do(self, act: Act) -> None:
        if isinstance(act, Publish):
            self.link.publish(act.message)
        elif isinstance(act, Connect):
            self._take_will(self._devices[0], act.will)
            await self._open()
            self._listen(self._devices)
        else:
            # What was said before must have arrived, or nobody could tell what the server has to show.
            await self.link.drain()
            if isinstance(act, Cut):
                self.link.cut()
            else:
                self.link.close()


class SharedSeat(Seat):
    """Several devices on one connection; their wills are published here, in the broker's place."""

    def __init__(self, client_id: str, devices: Sequence[SimulatedDevice], surroundings: Surroundings) -> None:
        super().__init__(client_id, devices, surroundings)
        self._wills: dict[str, Outgoing] = {}

    async def open(self) -> None:
        """Connect. Raises BrokerError."""
        await self._open()

    def perform(self, device: SimulatedDevice, acts: Sequence[Act]) -> None:
        """Publish at once."""
        for act in acts:
            if isinstance(act, Publish):
                self.link.publish(act.message)
            elif isinstance(act, Connect):
                self._take_will(device, act.will)
                # Only now, as what the broker holds for a device is to reach one that is switched on.
                self._listen([device])
            elif isinstance(act, Cut):
                self.link.publish(self._wills.pop(device.name))
            elif isinstance(act, Leave):
                self._wills.pop(device.name, None)

    async def settle(self) -> None:
        """Return when everything is acknowledged. Raises BrokerError."""
        await self.link.drain()

    def close(self) -> None:
        """Disconnect."""
        self.link.close()

    def _take_will(self, device: SimulatedDevice, will: Outgoing) -> None:
        self._wills[device.name] = will

"""A simulated fleet at a real broker: devices do at their times what they decided, for as long as is wanted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import cast

from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.topics import DOWN_KINDS, DownKind, parse_topic
from skerry_server.errors import BrokerError
from skerry_server.simulate.acts import Act
from skerry_server.simulate.device import Ending, SimulatedDevice
from skerry_server.simulate.fleet import Fleet, Performed
from skerry_server.simulate.link import KEEPALIVE_S, Access
from skerry_server.simulate.seats import OwnSeat, Seat, SharedSeat, Surroundings

TICK_S, HOLD_S = 0.1, 60.0
DEVICES_A_TURN = 100
"""After so many devices the connections have their turn."""

Progress = Callable[[float], None]
"""Gets the seconds that the fleet has run."""


class FleetRun:
    """Runs ``fleet`` over at most ``connections`` connections: each device has its own, or all share so many.

    ``interruptions`` are connections that broke unasked and came back; ``refused`` is what the broker did not take.
    """

    def __init__(self, fleet: Fleet, access: Access, *, connections: int) -> None:
        self.fleet = fleet
        self.shares = len(fleet.devices) > connections
        self._connections = min(connections, len(fleet.devices))
        self._around = Surroundings(
            access, on_message=self._on_message, reconnect=self._reconnect, on_failure=self._on_failure
        )
        self._seats: dict[str, Seat] = {}
        self._all: list[Seat] = []
        self._start_s = time.monotonic()
        self._failed = asyncio.Event()
        self._error: BrokerError | None = None

    @property
    def interruptions(self) -> int:
        """How many connections broke unasked."""
        return self._around.interruptions

    @property
    def refused(self) -> int:
        """How many messages and subscriptions the broker did not take."""
        return sum(one.link.refused for one in self._all)

    async def run(
        self, stop: asyncio.Event, *, duration_s: float | None = None, progress: Progress | None = None
    ) -> None:
        """Keep the fleet going until ``stop`` is set or ``duration_s`` is over. Raises BrokerError."""
        await self._take_seats()
        pinging = asyncio.ensure_future(self._ping())
        try:
            limit_ms = None if duration_s is None else round(duration_s * 1000)
            while not stop.is_set():
                elapsed_ms = self._elapsed_ms()
                await self._perform(self.fleet.advance(self.fleet.start_ms + min(elapsed_ms, limit_ms or elapsed_ms)))
                if progress is not None:
                    progress(elapsed_ms / 1000)
                if limit_ms is not None and elapsed_ms >= limit_ms:
                    break
                await self._pause(stop, min(TICK_S, max(0.0, (self.fleet.due_ms - self._now_ms()) / 1000)))
        finally:
            pinging.cancel()

    async def finish(self, ending: Ending) -> None:
        """Let the devices end, and return when the broker has acknowledged everything. Raises BrokerError."""
        await self._perform(self.fleet.finish(self._now_ms(), ending))
        settling = asyncio.create_task(self._settle())
        failing = asyncio.create_task(self._failed.wait())
        await asyncio.wait({settling, failing}, return_when=asyncio.FIRST_COMPLETED)
        failing.cancel()
        if self._failed.is_set():
            settling.cancel()
        self._require_well()
        await settling

    async def hold(self, stop: asyncio.Event) -> None:
        """Stay connected and silent until ``stop`` is set. Raises BrokerError."""
        pinging = asyncio.ensure_future(self._ping())
        try:
            while not stop.is_set():
                await self._pause(stop, HOLD_S)
        finally:
            pinging.cancel()

    def close(self) -> None:
        """End every connection that is still there: without a goodbye, unless it is shared by many."""
        for one in self._all:
            if isinstance(one, SharedSeat):
                one.close()
            else:
                one.drop()

    async def _settle(self) -> None:
        await asyncio.gather(*(one.settle() for one in self._all))

    async def _take_seats(self) -> None:
        if not self.shares:
            for device in self.fleet.devices:
                self._seats[device.name] = OwnSeat(device, self._around)
            self._all = list(self._seats.values())
        else:
            groups = [self.fleet.devices[number :: self._connections] for number in range(self._connections)]
            shared = [
                SharedSeat(f"{self.fleet.run}-{number}", group, self._around) for number, group in enumerate(groups)
            ]
            self._all = [*shared]
            self._seats = {device.name: seat for seat, group in zip(shared, groups, strict=True) for device in group}
            await asyncio.gather(*(one.open() for one in shared))
        self._start_s = time.monotonic()

    async def _perform(self, performed: Iterable[Performed]) -> None:
        for number, (device, acts) in enumerate(performed, start=1):
            self._seats[device.name].perform(device, acts)
            if number % DEVICES_A_TURN == 0:
                await asyncio.sleep(0)
                self._require_well()

    async def _pause(self, stop: asyncio.Event, limit_s: float) -> None:
        self._require_well()
        waiting = {asyncio.create_task(one.wait()) for one in (stop, self._failed)}
        await asyncio.wait(waiting, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        for one in waiting:
            one.cancel()
        self._require_well()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(KEEPALIVE_S / 2)
            for one in self._all:
                one.link.ping()

    def _require_well(self) -> None:
        if self._error is not None:
            raise self._error

    def _elapsed_ms(self) -> int:
        return int((time.monotonic() - self._start_s) * 1000)

    def _now_ms(self) -> int:
        return self.fleet.start_ms + self._elapsed_ms()

    def _on_message(self, topic: str, payload: bytes) -> None:
        try:
            parsed = parse_topic(topic)
        except WireError:
            # Nothing else was subscribed to, so a broker that sends it is to be left alone.
            return
        if parsed.kind in DOWN_KINDS:
            heard = self.fleet.hear(parsed.device, cast("DownKind", parsed.kind), payload, self._now_ms())
            if heard is not None:
                self._seats[heard[0].name].perform(*heard)

    def _reconnect(self, device: SimulatedDevice) -> list[Act]:
        return device.reconnect(self._now_ms())

    def _on_failure(self, error: BrokerError) -> None:
        if self._error is None:
            self._error = error
            self._failed.set()

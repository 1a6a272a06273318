"""A simulated fleet: its devices made from a seed, asked in the order of time. Pure."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Iterator

from skerry_edge.contracts.topics import DownKind
from skerry_server.simulate.acts import Act
from skerry_server.simulate.agent import Nature
from skerry_server.simulate.clock import ClockKind
from skerry_server.simulate.device import Ending, SimulatedDevice
from skerry_server.simulate.expectation import Expectation
from skerry_server.simulate.networks import CAMERA, EAR, usual_network
from skerry_server.simulate.trouble import Trouble

SITES = ("harbour", "mill", "workshop")
WITH_EAR = 0.4
"""How many devices listen, beside looking."""
PICTURES = 0.7
"""How many devices send a picture with what they see, unless another share is wanted."""
_STEPS = {"camera": 2**0.5, "listens": 3**0.5, "ear": 5**0.5, "clock": 7**0.5, "refuse": 11**0.5}
"""Irrational steps, which spread numbers evenly over 0 to 1; one for each purpose, so that none goes with another."""
_STARTS_PER_S = 10


def device_name(number: int) -> str:
    """Return the name of a fleet's device; they are numbered from 0."""
    return f"sim-{number + 1:04d}"


Performed = tuple[SimulatedDevice, list[Act]]


class Fleet:
    """``count`` devices that send ``rate`` heartbeats a second each from ``start_ms`` (Unix ms) on.

    The same arguments give devices that do the same at the same times. Start counters come from ``start_ms``, so that
    a later run counts as later. ``pictures`` is the share of devices that send a picture with what they see.
    """

    def __init__(
        self, count: int, *, rate: float, seed: int, trouble: Trouble, start_ms: int, pictures: float = PICTURES
    ) -> None:
        self.seed, self.trouble, self.start_ms = seed, trouble, start_ms
        self.first_start = start_ms * _STARTS_PER_S // 1000
        self.run = f"run-{self.first_start}-{seed}"
        self._pictures = pictures
        natures = (self._nature(number, round(1000 / rate)) for number in range(count))
        self.devices = [
            SimulatedDevice(one, random.Random(f"{seed}/{one.name}"), start_ms=start_ms)  # noqa: S311  # no secret
            for one in natures
        ]
        self._numbers = {one.name: number for number, one in enumerate(self.devices)}
        self._due = [(one.due_ms, number) for number, one in enumerate(self.devices)]
        heapq.heapify(self._due)

    @property
    def due_ms(self) -> int:
        """When the next device is due, at the latest."""
        return self._due[0][0]

    def advance(self, until_ms: int) -> Iterator[Performed]:
        """Yield what devices do up to ``until_ms``, in the order of time."""
        while self._due and self._due[0][0] <= until_ms:
            due_ms, number = heapq.heappop(self._due)
            device = self.devices[number]
            # An order may have moved its time; then there is a later entry.
            if device.due_ms == due_ms:
                acts = device.advance()
                heapq.heappush(self._due, (device.due_ms, number))
                yield device, acts

    def hear(self, name: str, kind: DownKind, payload: bytes, now_ms: int) -> Performed | None:
        """Return what the device ``name`` does about a message to it; None where there is no such device."""
        number = self._numbers.get(name)
        if number is None:
            return None
        device = self.devices[number]
        before_ms = device.due_ms
        acts = device.hear(kind, payload, now_ms)
        if device.due_ms != before_ms:
            heapq.heappush(self._due, (device.due_ms, number))
        return device, acts

    def finish(self, now_ms: int, ending: Ending) -> Iterator[Performed]:
        """Yield what devices do at the end of the run."""
        for device in self.devices:
            yield device, device.finish(now_ms, ending)

    def expectation(self) -> Expectation:
        """Return what the server must show of everything that was done until now."""
        accounts = [one.voice.account for one in self.devices]
        dead_letters = sum((one.dead_letters for one in accounts), Counter[str]())
        sent = sum((one.sent for one in accounts), Counter[str]())
        return Expectation(
            run=self.run,
            seed=self.seed,
            trouble=self.trouble.text,
            first_start=self.first_start,
            devices=[one.voice.expected() for one in self.devices if one.voice.account.session],
            dead_letters=dict(sorted(dead_letters.items())),
            sent=dict(sorted(sent.items())),
        )

    def _nature(self, number: int, interval_ms: int) -> Nature:
        networks = {CAMERA: usual_network(CAMERA, self._draw("camera", number))}
        if self._draw("listens", number) < WITH_EAR:
            networks[EAR] = usual_network(EAR, self._draw("ear", number))
        return Nature(
            name=device_name(number),
            site=SITES[number % len(SITES)],
            clock=self._clock(self._draw("clock", number)),
            networks=networks,
            has_models=self._draw("refuse", number) >= self.trouble.refuse,
            trouble=self.trouble,
            interval_ms=max(1, interval_ms),
            first_start=self.first_start,
            run=self.run,
            pictures=self._pictures,
        )

    def _draw(self, purpose: str, number: int) -> float:
        """Return a number from 0 to 1, spread so evenly over the fleet that a small one gets its shares, too."""
        offset = random.Random(f"{self.seed}/{purpose}").random()  # noqa: S311  # a simulation, no secret
        return (offset + number * _STEPS[purpose]) % 1.0

    def _clock(self, draw: float) -> ClockKind:
        kinds: tuple[ClockKind, ...] = ("clock_1970", "clock_ahead", "clock_ntp")
        edge = 0.0
        for kind in kinds:
            edge += getattr(self.trouble, kind)
            if draw < edge:
                return kind
        return "right"

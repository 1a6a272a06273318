"""What a simulated device sees and hears: objects that come, move and go, and now and then a wake word."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from skerry_edge.contracts.messages import Event, Sight
from skerry_server.simulate.life import Envelope
from skerry_server.simulate.networks import CAMERA, EAR, WORD, Network
from skerry_server.simulate.picture import Box

LABELS = ("person", "person", "car", "car", "dog", "bicycle")
ZONES = ("gate", "yard")
APPEAR, HEAR = 0.25, 0.05
"""The chances that something appears, and that a word is said, between two heartbeats."""
MAX_OBJECTS = 3
MAX_LOOKS = 5
"""An object is told of this often at most before it goes."""

Stamp = Callable[[], Envelope]
Phase = Literal["begin", "update", "end"]


@dataclass(kw_only=True, slots=True)
class _Object:
    track: str
    label: str
    began_ms: int
    looks_left: int
    sight: Sight


class Scene:
    """The objects in sight; ``chance`` is the device's own."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._objects: list[_Object] = []

    @property
    def counts(self) -> dict[str, int]:
        """How many objects of each label are in sight."""
        return dict(sorted(Counter(one.label for one in self._objects).items()))

    def step(self, stamp: Stamp, networks: dict[str, Network], inference_ms: float) -> Iterator[Event]:
        """Yield what happens until the next heartbeat, each event stamped as it is made."""
        camera = networks[CAMERA]
        latency_ms = round(inference_ms * camera.cost + self._chance.uniform(3.0, 9.0), 2)
        for one in list(self._objects):
            yield self._goes_on(one, stamp(), camera, latency_ms)
        if len(self._objects) < MAX_OBJECTS and self._chance.random() < APPEAR:
            yield self._appears(stamp(), camera, latency_ms)
        if EAR in networks and self._chance.random() < HEAR:
            yield self._heard(stamp(), networks[EAR])

    def lose(self, stamp: Stamp, network: Network, reason: str) -> Iterator[Event]:
        """End every object because the pipeline ends, and not the object."""
        for one in self._objects:
            yield self._event(stamp(), one, network, before=one.sight, phase="end", message=reason)
        self._objects.clear()

    def forget(self) -> None:
        """Begin anew, as an agent does that did not come to end what it had begun."""
        self._objects.clear()

    def _appears(self, envelope: Envelope, network: Network, latency_ms: float) -> Event:
        x_min, y_min = self._chance.uniform(0.0, 0.5), self._chance.uniform(0.1, 0.5)
        box = (x_min, y_min, x_min + self._chance.uniform(0.1, 0.3), y_min + self._chance.uniform(0.1, 0.4))
        appeared = _Object(
            track=f"{envelope['session']}-t{envelope['seq']}",
            label=self._chance.choice(LABELS),
            began_ms=envelope["ts"],
            looks_left=self._chance.randint(1, MAX_LOOKS),
            sight=Sight(score=self._score(network), box=box, zones=(ZONES[0],)),
        )
        self._objects.append(appeared)
        return self._event(envelope, appeared, network, before=None, phase="begin", latency_ms=latency_ms)

    def _goes_on(self, one: _Object, envelope: Envelope, network: Network, latency_ms: float) -> Event:
        before = one.sight
        one.looks_left -= 1
        if one.looks_left <= 0:
            self._objects.remove(one)
            return self._event(envelope, one, network, before=before, phase="end")
        zones = (self._chance.choice(ZONES),)
        one.sight = Sight(
            score=max(before.score, self._score(network)),
            box=_moved(before.box, self._chance.uniform(-0.1, 0.1)),
            zones=zones,
        )
        return self._event(envelope, one, network, before=before, phase="update", latency_ms=latency_ms)

    def _event(
        self,
        envelope: Envelope,
        one: _Object,
        network: Network,
        *,
        before: Sight | None,
        phase: Phase,
        latency_ms: float | None = None,
        message: str | None = None,
    ) -> Event:
        return Event(
            **envelope,
            kind="detection",
            pipeline=CAMERA,
            label=one.label,
            score=one.sight.score,
            box=one.sight.box,
            phase=phase,
            model=network.name,
            model_version=network.version,
            latency_ms=latency_ms,
            message=message,
            track=one.track,
            began=one.began_ms,
            zones=() if phase == "end" else one.sight.zones,
            before=before,
        )

    def _heard(self, envelope: Envelope, network: Network) -> Event:
        return Event(
            **envelope,
            kind="wakeword",
            pipeline=EAR,
            label=WORD,
            score=self._score(network),
            model=network.name,
            model_version=network.version,
            latency_ms=round(self._chance.uniform(60.0, 140.0), 1),
        )

    def _score(self, network: Network) -> float:
        return round(min(0.99, max(0.3, self._chance.gauss(network.score, 0.08))), 3)


def _moved(box: Box, by: float) -> Box:
    """Return ``box`` moved sideways by ``by``, and not out of the picture."""
    by = max(-box[0], min(by, 1.0 - box[2]))
    return (box[0] + by, box[1], box[2] + by, box[3])

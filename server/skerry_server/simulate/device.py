"""One simulated device: what it does on the wire, and what befalls it, decided by a seed and without any I/O."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import structs

from skerry_edge.contracts.codec import decode
from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.messages import Command, Desired, Event, Heartbeat, Message
from skerry_edge.contracts.topics import DownKind
from skerry_server.simulate.acts import Act, Connect, Cut, Leave, Publish
from skerry_server.simulate.agent import LOST, Nature, SimulatedAgent
from skerry_server.simulate.malformed import FAMILIES
from skerry_server.simulate.obedience import Obedience
from skerry_server.simulate.picture import draw_snapshot
from skerry_server.simulate.voice import Voice

STOPPED, RESTARTING = "stopped", "restarting"
MAX_WAITING = 200
"""So many messages wait on a device while it has no connection; the oldest make room."""
SWITCH_ON_MS = 1000
"""Within this time all devices are switched on."""
Place = Literal["off", "away", "connected"]
Ending = Literal["goodbye", "cut", "hold"]


class SimulatedDevice:
    """A device with a camera and perhaps an ear; every message that it makes takes the next ``seq`` of its session.

    ``due_ms`` (Unix ms) is when it acts next. What it does depends on ``chance``, which is its own, on its times and
    on the orders that it gets, never on how fast it is asked.
    """

    def __init__(self, nature: Nature, chance: random.Random, *, start_ms: int) -> None:
        self.name, self.site = nature.name, nature.site
        self.due_ms = start_ms + int(chance.uniform(0.0, min(SWITCH_ON_MS, nature.interval_ms)))
        self.voice = Voice(nature.site, nature.name)
        self.agent = SimulatedAgent(nature, chance)
        self._nature = nature
        self._chance = chance
        self._obedience = Obedience(self.agent, self.voice)
        self._has_pictures = chance.random() < nature.pictures
        self._place: Place = "off"
        self._back_ms = 0
        self._ill_for = 0
        self._held: Message | None = None
        self._waiting: list[Message] = []

    def advance(self) -> list[Act]:
        """Return what the device does when it is due, and set when that is again."""
        now_ms = self.due_ms
        self.due_ms = now_ms + max(1, int(self.agent.interval_ms * self._chance.uniform(0.95, 1.05)))
        if self._place == "connected":
            return [*self._ail(now_ms), *self._beat(now_ms), *self._mishap(now_ms)]
        if self._place == "off":
            self.agent.start(now_ms)
            return self._connect(now_ms)
        if now_ms >= self._back_ms:
            return self._connect(now_ms)
        self._wait_with(self.agent.measure(now_ms, waiting=len(self._waiting)))
        return []

    def reconnect(self, now_ms: int) -> list[Act]:
        """Return what the device does when its connection broke that nobody here had cut."""
        if self._place != "connected":
            return []
        again = Connect(will=self.voice.will(self.agent.connect(now_ms)))
        return [again, *self._say(self.agent.birth(now_ms), now_ms)]

    def hear(self, kind: DownKind, payload: bytes, now_ms: int) -> list[Act]:
        """Return what the device does about a message to it."""
        if self._place != "connected" or not payload:
            return []
        try:
            order = decode(kind, payload)
        except WireError as error:
            return [*self._obedience.refuse(str(error), now_ms)] if kind == "desired" else []
        if isinstance(order, Desired):
            return [*self._obedience.take_on(order, now_ms)]
        return self._obey(order, now_ms) if isinstance(order, Command) else []

    def finish(self, now_ms: int, ending: Ending) -> list[Act]:
        """Return what the device does at the end of the run."""
        if self._place != "connected" or ending == "hold":
            return []
        return self._cut("off") if ending == "cut" else self._leave(STOPPED, now_ms)

    def _connect(self, now_ms: int) -> list[Act]:
        """Connect, be born, replay what waited, and go on as usual."""
        self._place = "connected"
        will = Connect(will=self.voice.will(self.agent.connect(now_ms)))
        births = list(self._say(self.agent.birth(now_ms), now_ms))
        waiting, self._waiting = self._waiting, []
        replayed = [structs.replace(one, replayed=True) for one in waiting]
        fresh = self.agent.measure(now_ms, waiting=0)
        return [will, *births, *self._say(replayed, now_ms), *self._say(fresh, now_ms)]

    def _say(self, messages: Iterable[Message], now_ms: int) -> Iterator[Publish]:
        """Publish messages for the first time, each that begins something with its picture."""
        for one in messages:
            yield self.voice.say(one, now_ms)
            if self._has_pictures and isinstance(one, Event) and one.phase == "begin" and one.box is not None:
                yield self.voice.show(one.id, draw_snapshot(one.label, one.box))

    def _beat(self, now_ms: int) -> Iterator[Act]:
        """Send the heartbeat and the events, with what goes wrong on their way."""
        trouble, counts = self._nature.trouble, self.agent.counts
        beat, *events = self.agent.measure(now_ms, waiting=0)
        held, self._held = self._held, None
        if held is None and self._happens(trouble.late):
            self._held = beat
        else:
            yield from self._say([beat] if held is None else [beat, held], now_ms)
        yield from self._say(events, now_ms)
        if self._happens(trouble.duplicate):
            said = [*events, beat] if self._held is None else events
            yield from (self.voice.repeat(one) for one in said[:1])
        if self._happens(trouble.malformed):
            yield self.voice.blurt(self._chance.choice(FAMILIES), self._nature.run)
        if self.agent.counts != counts:
            yield self.voice.say(self.agent.state(now_ms), now_ms)

    def _ail(self, now_ms: int) -> Iterator[Act]:
        """Fall ill or recover, now and then, and say so."""
        if self.agent.ailment is None:
            if self._happens(self._nature.trouble.degraded):
                self._ill_for = self._chance.randint(3, 10)
                yield from self._say(self.agent.fall_ill(now_ms), now_ms)
            return
        self._ill_for -= 1
        if self._ill_for <= 0:
            yield self.voice.say(self.agent.recover(now_ms), now_ms)

    def _mishap(self, now_ms: int) -> list[Act]:
        """Lose the connection, start anew or be switched off, now and then."""
        trouble = self._nature.trouble
        if self._happens(trouble.flap):
            self._back_ms = now_ms + self._intervals(1.0, 4.0)
            return self._cut("away")
        if self._happens(trouble.reboot):
            self.due_ms = now_ms + self._intervals(1.0, 3.0)
            if self._happens(0.5):
                return self._leave(RESTARTING, now_ms)
            self.agent.crashes += 1
            return self._cut("off")
        if self._happens(trouble.leave):
            self.due_ms = now_ms + self._intervals(4.0, 10.0)
            return self._leave(STOPPED, now_ms)
        return []

    def _obey(self, command: Command, now_ms: int) -> list[Act]:
        said, consequence = self._obedience.obey(command, now_ms)
        if consequence == "nothing":
            return [*said]
        self.due_ms = now_ms + self.agent.interval_ms
        return [*said, *self._leave(RESTARTING, now_ms)]

    def _cut(self, place: Place) -> list[Act]:
        self._place = place
        self._keep_held()
        self.voice.lost(LOST)
        return [Cut()]

    def _leave(self, reason: str, now_ms: int) -> list[Act]:
        self._place = "off"
        self._keep_held()
        return [self.voice.say(self.agent.goodbye(reason, now_ms), now_ms), Leave()]

    def _keep_held(self) -> None:
        if self._held is not None:
            self._wait_with([self._held])
            self._held = None

    def _wait_with(self, messages: Iterable[Message]) -> None:
        """Keep messages until there is a connection: the events, and of heartbeats the newest, as agents do."""
        for one in messages:
            if isinstance(one, Heartbeat):
                self._waiting = [other for other in self._waiting if not isinstance(other, Heartbeat)]
            self._waiting.append(one)
        del self._waiting[:-MAX_WAITING]

    def _happens(self, share: float) -> bool:
        return self._chance.random() < share

    def _intervals(self, least: float, most: float) -> int:
        return int(self._chance.uniform(least, most) * self.agent.interval_ms)

"""What a simulated agent says: the messages of one device, made from its machine, its scene and its session."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from skerry_edge.contracts.fingerprint import desired_sha256
from skerry_edge.contracts.messages import Desired, Event, Message, State, Status
from skerry_server.simulate.clock import ClockKind, DeviceClock, Reading
from skerry_server.simulate.life import Envelope, Life, session_id
from skerry_server.simulate.machine import Condition, Machine
from skerry_server.simulate.networks import CAMERA, Network
from skerry_server.simulate.orders import NOTHING
from skerry_server.simulate.scene import Scene
from skerry_server.simulate.trouble import Trouble

LOST = "connection lost"
AILMENTS = (
    f"pipeline '{CAMERA}' was started again 3 times within a minute",
    f"pipeline '{CAMERA}': the camera gives no picture",
    f"pipeline '{CAMERA}': no progress for 5 s",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Nature:
    """What a device is from the beginning; ``first_start`` is the counter of its first start, ``run`` marks the run.

    ``pictures`` is how likely it sends a picture with what it sees.
    """

    name: str
    site: str
    clock: ClockKind
    networks: dict[str, Network]
    has_models: bool
    trouble: Trouble
    interval_ms: int
    first_start: int
    run: str
    pictures: float


class SimulatedAgent:
    """The agent of a device of this ``nature``; all times are the true time in Unix ms.

    ``applied`` is the desired configuration in force, ``ailment`` why the device is degraded, if it is.
    """

    def __init__(self, nature: Nature, chance: random.Random) -> None:
        self.nature = nature
        self.networks = dict(nature.networks)
        self.interval_ms = nature.interval_ms
        self.applied: Desired = NOTHING
        self.ailment: str | None = None
        self.is_muted = False
        self.crashes = 0
        self._chance = chance
        self._machine = Machine(chance)
        self._scene = Scene(chance)
        self._starts = 0
        self._life = self._new_life(0)

    @property
    def board(self) -> str:
        """The board that it runs on."""
        return self._machine.board

    @property
    def version(self) -> str:
        """The agent's own version."""
        return self._machine.agent_version

    @property
    def counts(self) -> dict[str, int]:
        """How many objects of each label are in sight."""
        return self._scene.counts

    def start(self, now_ms: int) -> None:
        """Start anew: another session, with the next start counter, and nothing in sight."""
        self._life = self._new_life(now_ms)
        self._starts += 1
        self._scene.forget()
        self.ailment = None

    def read_clock(self, now_ms: int) -> Reading:
        """Return what the device believes of the time."""
        return self._life.clock.read(now_ms)

    def stamp(self, now_ms: int) -> Envelope:
        """Return the envelope of the next message."""
        return self._life.stamp(now_ms)

    def connect(self, now_ms: int) -> Status:
        """Count another connection, and return the will that the broker is to publish when it breaks."""
        self._life.connection += 1
        return Status(**self._life.will_stamp(now_ms), state="offline", reason=LOST, connection=self._life.connection)

    def status(self, now_ms: int) -> Status:
        """Return what a birth says: online, or degraded and why."""
        state: Literal["online", "degraded"] = "online" if self.ailment is None else "degraded"
        return Status(**self.stamp(now_ms), state=state, reason=self.ailment, connection=self._life.connection)

    def goodbye(self, reason: str, now_ms: int) -> Status:
        """Return the status of a device that ends on purpose."""
        return Status(**self.stamp(now_ms), state="offline", reason=reason, connection=self._life.connection)

    def state(self, now_ms: int) -> State:
        """Return what is in force, and how many objects are in sight."""
        return State(
            **self.stamp(now_ms),
            config_version=self.applied.version,
            config_sha256=desired_sha256(self.applied),
            models={pipeline: f"{one.name}@{one.version}" for pipeline, one in self.networks.items()},
            counts={CAMERA: self.counts} if self.counts else {},
        )

    def birth(self, now_ms: int) -> list[Message]:
        """Return the retained messages that every connection begins with."""
        return [self.status(now_ms), self.state(now_ms)]

    def system(self, label: str, text: str, now_ms: int) -> Event:
        """Return an event of the agent itself."""
        return Event(**self.stamp(now_ms), kind="system", pipeline=CAMERA, label=label, message=text)

    def measure(self, now_ms: int, *, waiting: int) -> Iterator[Message]:
        """Yield the heartbeat, then what happened since the one before; ``waiting`` messages are in the outbox."""
        uptime_s = (now_ms - self._life.began_ms) / 1000
        condition = Condition(
            uptime_s=uptime_s,
            crashes=self.crashes,
            outbox_depth=waiting,
            is_degraded=self.ailment is not None,
            is_muted=self.is_muted,
        )
        yield self._machine.beat(self.stamp(now_ms), self.networks, condition, self.interval_ms / 1000)
        if self.ailment is None:
            yield from self._scene.step(lambda: self.stamp(now_ms), self.networks, self._machine.inference_ms)

    def fall_ill(self, now_ms: int) -> Iterator[Message]:
        """Become degraded: the camera's pipeline fails, so what it tracked ends."""
        self.ailment = self._chance.choice(AILMENTS)
        yield from self._scene.lose(lambda: self.stamp(now_ms), self.networks[CAMERA], "the pipeline failed")
        yield self.system("degraded", self.ailment, now_ms)
        yield self.status(now_ms)

    def recover(self, now_ms: int) -> Status:
        """Be well again."""
        self.ailment = None
        return self.status(now_ms)

    def _new_life(self, now_ms: int) -> Life:
        clock = DeviceClock(
            kind=self.nature.clock,
            interval_ms=self.interval_ms,
            extra_ms=self._chance.randrange(1000),
            booted_ms=now_ms,
        )
        session = session_id(self.nature.first_start + self._starts, self._chance.getrandbits(32))
        return Life(session=session, clock=clock, began_ms=now_ms)

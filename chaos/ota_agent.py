"""An agent's updates in one process, without pipelines: all of the machine, journal, trust and store, quickly.

What is real: the duty, its journal, the worker's steps, TUF, the store and its links, the configuration. What is not:
the child processes, in whose place stands what they would have told, and time, which passes as fast as it is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from chaos.ota_cells import LostError
from chaos.ota_inline_worker import InlineWorker
from chaos.ota_world import World
from skerry_edge.agent.children.tally import Tally
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.pipelines import PipelineConfig
from skerry_edge.agent.downlink.configuration import Configuration
from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.agent.line.protocol import Progress as Beat
from skerry_edge.agent.mqtt.news import Inbound
from skerry_edge.agent.updates.jobs import job_of
from skerry_edge.agent.updates.keeping import Keeping
from skerry_edge.agent.updates.local_fleet import LocalFleet
from skerry_edge.agent.updates.lookout import Lookout
from skerry_edge.agent.updates.model_trial import ModelTrial
from skerry_edge.agent.updates.orders import next_order
from skerry_edge.agent.updates.pictures import Pictures
from skerry_edge.agent.updates.preparation import Preparation
from skerry_edge.agent.updates.reports import Reports
from skerry_edge.agent.updates.substitute import Substitute
from skerry_edge.agent.updates.updates import Trial, Updates
from skerry_edge.agent.updates.watch import Watch
from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.messages import Desired
from skerry_edge.contracts.updates import UpdateReport, UpdateState
from skerry_edge.foundation.errors import ReachError
from skerry_edge.ota.job import Job
from skerry_edge.ota.local_orders import LocalOrderFile
from skerry_edge.ota.looked import Looked
from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.machine.transitions import PREPARING
from skerry_edge.ota.slots.slots import Slots

STEP_S = 2.0
MAX_TURNS = 4000


class Nobody:
    """Looks at no repository: what an order finds there is what the cells are about."""

    is_running = False

    def start(self, job: Job) -> None:
        """Do nothing."""

    def kill(self) -> None:
        """Do nothing."""

    def act(self, now_s: float) -> float:  # noqa: ARG002  # as Silence does
        """Do nothing, ever."""
        return NEVER_S

    def note(self) -> None:
        """Do nothing."""


class Life:
    """One life of the agent's process."""

    def __init__(self, world: World, desired: Desired | None) -> None:
        self.world = world
        self.ran = ""
        """The version that is in force, whatever the links say."""
        self._tally = Tally()
        files = StateFiles(world.state)
        self.configuration = Configuration(world.config, files=files, tell=self.tell, apply=self._apply)
        self._apply(self.configuration.in_force)
        if desired is not None:
            self.hear(desired)
        self.keeping = Keeping(
            world.places,
            tell=self.tell,
            apply=self.configuration.apply,
            settle_agent=self.settle_agent,
            now=lambda: self.world.now,
        )
        self.watch = Watch(self, self)
        self.fleet = LocalFleet(self.configuration, LocalOrderFile(world.state))
        self._state: UpdateState = "idle"
        pictures = Pictures(world.places.pictures, lambda _name, _order: False)
        lookout = Lookout(Nobody(), Nobody(), self._job, Looked, self.tell)
        worker: Any = self.worker()
        preparation = Preparation(self.keeping, self.fleet, worker, pictures, world.state, lookout.rest)
        self._updates = Updates(
            fleet=self.fleet,
            keeping=self.keeping,
            preparation=preparation,
            trial=self.trial,
            watch=self.watch,
            lookout=lookout,
            substitute=self.substitute(),
            reports=Reports(self),
        )

    def worker(self) -> InlineWorker:
        """Return what stands for the worker's process."""
        return InlineWorker(self.world)

    def trial(self, record: Record, limits: Limits) -> Trial:
        """Return what acts on a record from INTENT on."""
        return ModelTrial(
            record,
            places=self.world.places,
            configuration=self.configuration,
            succeed=self.succeed,
            watch=self.watch,
            limits=limits,
            counters_lost=self.counters_lost,
        )

    def settle_agent(self) -> str | None:
        """End a trial of the agent that no journal knows of: there is none of models alone."""
        return None

    def substitute(self) -> Substitute:
        """Return what acts where the launcher has passed a version over: nothing does without one."""
        return Substitute(Slots(self.world.state), self.tell)

    def hear(self, desired: Desired) -> None:
        """Take a desired configuration, as from the broker."""
        payload = msgspec.json.encode(desired)
        self.configuration.handle(Inbound(topic="desired", payload=payload, retained=True))

    def turn(self) -> None:
        """Turn the loop once, after what is to happen now; time passes."""
        self.world.at.pop(self.state, lambda: None)()
        while self.world.next_desired:
            self.hear(self.world.next_desired.pop(0))
        self._tally.progress(Beat(frames=10, stages_ms={"inference": 10.0}), self.world.clock_s)
        if self.ran == self.world.bad:
            self._tally.crashes = 1
        due_s = self._updates.act(self.world.clock_s) - self.world.clock_s
        # What waits to be prepared is looked at when it said; what is on trial sends frames meanwhile.
        self.world.clock_s += max(0.01, due_s if self.state in PREPARING else min(STEP_S, due_s))

    @property
    def state(self) -> UpdateState:
        """Where the update is."""
        with suppress(ReachError):
            record = self.keeping.record
            self._state = "idle" if record is None else record.state
        return self._state

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way, and nothing ordered that was not brought to its end."""
        return self.state == "idle" and next_order(self.fleet.updates, self.keeping.known) is None

    def has_heard(self, wanted: Desired | None) -> bool:
        """Tell whether the newest that it was ordered is what it goes by."""
        return wanted is None or self.configuration.shown.desired.version >= wanted.version

    def counters_lost(self, damage: ReleaseError) -> None:
        """Tell that the release counters were lost."""
        self.tell("update-counters-damaged", str(damage))

    # What is asked of supervisor, session and machine.

    @property
    def is_connected(self) -> bool:
        """Whether the broker is there."""
        return self.world.connected

    def stamp(self) -> dict[str, Any]:
        """Return what every message begins with."""
        seq = len(self.world.reports) + 1
        return {"v": 1, "id": f"m{seq}", "session": "00000001-abcdef01", "seq": seq, "ts": 1, "clock": "synced"}

    def send(self, message: UpdateReport) -> None:
        """Have the fleet hear a message."""
        self.world.reports.append(message)

    def heat(self) -> dict[str, Any]:
        """Return the temperatures."""
        return {"temperature_c": 40.0, "temperature_trip_c": 80.0}

    def tally(self, pipeline: str) -> Tally:  # noqa: ARG002  # there is one
        """Return what the pipeline did."""
        return self._tally

    def pid(self, pipeline: str) -> None:
        """Return no process."""

    def succeed(self, pipeline: PipelineConfig) -> Any:  # noqa: ANN401, ARG002  # stands for a Succession
        """Return a change of guard that is done."""
        return _Done()

    def _job(self) -> Job:
        config = self.configuration.in_force
        assert config.ota is not None  # noqa: S101  # the world's configuration has it
        return job_of(config, config.ota, self.world.state)

    def _apply(self, config: AgentConfig) -> None:
        (pipeline,) = config.pipelines
        folder = Path(getattr(pipeline, "model", "")).parent.name
        kept = self.world.store.kept(folder)
        runs = self.world.in_force = kept.version if kept else self.world.own
        if runs != self.ran:
            self.ran, self._tally = runs, Tally()

    def tell(self, label: str, text: str) -> None:
        """Have the fleet hear of a system event."""
        self.world.events.append(f"{label}: {text}")


class _Done:
    failed = None
    is_done = True

    def drop(self) -> None:
        """Nothing is left to give up."""


def live_on(
    world: World, wanted: Desired | None, begin: Callable[[World, Desired | None], Life] = Life
) -> UpdateReport:
    """Let an agent live until all that it was ordered has come to its end, and return how the last of it did.

    Raises LostError where that is never, where it says nothing, or where the agent would have crashed.
    """
    try:
        life = begin(world, wanted)
        _turn_until_idle(life, wanted)
    except LostError:
        raise
    except Exception as error:  # what leaves the loop ends the agent, whatever it is
        raise LostError(f"the agent crashed: {error!r}") from error
    if not world.finals:
        raise LostError("it came to its end and said nothing")
    return world.finals[-1]


def _turn_until_idle(life: Life, wanted: Desired | None) -> None:
    for _ in range(MAX_TURNS):
        if not life.has_heard(wanted) and wanted is not None:
            # What a disk did not take comes again with the next connection: it is retained.
            life.hear(wanted)
        life.turn()
        if life.has_heard(wanted) and not life.world.next_desired and life.is_idle:
            return
    raise LostError(f"it never came to its end; it is in {life.state}")

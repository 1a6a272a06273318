"""An agent's updates in one process, without pipelines: all of the machine, journal, trust and store, quickly.

What is real: the duty, its journal, the worker's steps, TUF, the store and its links, the configuration. What is not:
the child processes, in whose place stands what they would have told, and time, which passes as fast as it is looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from chaos.ota_cells import LostError
from chaos.ota_repositories import BOARD, Rig, model_bytes
from skerry_edge.agent.children.tally import Tally
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.pipelines import PipelineConfig
from skerry_edge.agent.downlink.configuration import Configuration
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.agent.line.protocol import Progress as Beat
from skerry_edge.agent.mqtt.news import Inbound
from skerry_edge.agent.updates.jobs import job_of
from skerry_edge.agent.updates.keeping import Keeping
from skerry_edge.agent.updates.local_fleet import LocalFleet
from skerry_edge.agent.updates.lookout import Lookout
from skerry_edge.agent.updates.model_trial import ModelTrial
from skerry_edge.agent.updates.orders import next_order
from skerry_edge.agent.updates.preparation import Preparation
from skerry_edge.agent.updates.reporting import report_of
from skerry_edge.agent.updates.updates import Updates
from skerry_edge.agent.updates.watch import Watch
from skerry_edge.contracts.messages import Desired, UpdateOrder
from skerry_edge.contracts.updates import UpdateReport, UpdateState
from skerry_edge.foundation.config import fit
from skerry_edge.foundation.errors import ReachError, SkerryError
from skerry_edge.ota import worker
from skerry_edge.ota.instants import now
from skerry_edge.ota.job import Job, Progress
from skerry_edge.ota.journal import JournalFile
from skerry_edge.ota.local_orders import LocalOrderFile
from skerry_edge.ota.looked import Looked
from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.model_steps import ModelSteps
from skerry_edge.ota.model_store import Kept, ModelStore
from skerry_edge.ota.places import Places
from skerry_edge.ota.preparing import prepare
from skerry_edge.ota.self_test.measured import Measured, Subject

NAME = "doorbell"
DEVICE = "cam-1"
STEP_S = 2.0
MAX_TURNS = 4000
Strike = Callable[[], None]


@dataclass
class World:
    """What outlives the agent: its state directory, what the fleet has heard, and what is true around it.

    ``bad`` is the version that crashes when it runs. ``at`` are things that happen once, when a state is first seen,
    ``next_desired`` is what the broker sends next.
    """

    folder: Path
    rig: Rig
    bad: str = ""
    connected: bool = True
    synchronised: bool = False
    at: dict[UpdateState, Strike] = field(default_factory=dict)
    next_desired: list[Desired] = field(default_factory=list)
    reports: list[UpdateReport] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    seq: int = 0
    clock_s: float = 1000.0

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.folder / "state"

    @property
    def mirror(self) -> Path:
        """Where the device finds the repository: a link, so that it can be away."""
        return self.folder / "mirror"

    @property
    def store(self) -> ModelStore:
        """The device's releases."""
        return ModelStore(self.state, NAME)

    def install(self, version: str = "1.0.0", counter: int = 1) -> None:
        """Set the device up with a release that has proved itself."""
        self.state.mkdir(parents=True)
        self.connect()
        self.keep(version, counter)

    def keep(self, version: str, counter: int) -> None:
        """Have a release in the store, proved, and run it."""
        data = model_bytes(version, name=NAME)
        sha256 = hashlib.sha256(data).hexdigest()
        before = self.store.linked("current")
        file = self.folder / "given"
        file.write_bytes(data)
        self.store.take_in(file, Kept(sha256=sha256, version=version, counter=counter, variant="onnx-fp32"))
        self.store.switch_to(sha256)
        self.store.prove(sha256, before.sha256 if before else None)

    def connect(self) -> None:
        """Have the repository there."""
        if not self.mirror.is_symlink():
            self.mirror.symlink_to(self.rig.repository.metadata.parent)

    def disconnect(self) -> None:
        """Have it away."""
        self.mirror.unlink()

    @property
    def version(self) -> str:
        """The version that the device runs. Raises LostError where that is none, or not whole."""
        kept = self.store.linked("current")
        if kept is None:
            raise LostError("nothing whole runs")
        found = hashlib.sha256(self.store.bundle(kept.sha256).read_bytes()).hexdigest()
        if found != kept.sha256:
            raise LostError(f"what runs as {kept.version} is not whole")
        return kept.version


class Nobody:
    """Looks at no repository: what an order finds there is what the cells are about."""

    is_running = False

    def start(self, job: Job) -> None:
        """Do nothing."""

    def kill(self) -> None:
        """Do nothing."""


class Life:
    """One life of the agent's process."""

    def __init__(self, world: World, desired: Desired | None) -> None:
        self.world = world
        self._tally = Tally()
        self._ran = ""
        files = StateFiles(world.state)
        self.configuration = Configuration(_config(world), files=files, tell=self._tell, apply=self._apply)
        self._apply(self.configuration.in_force)
        if desired is not None:
            self.hear(desired)
        keeping = Keeping(Places(world.state), tell=self._tell, apply=self.configuration.apply)
        self._keeping = keeping
        self._watch = Watch(self, self)
        self._state: UpdateState = "idle"
        self._fleet = fleet = LocalFleet(self.configuration, LocalOrderFile(world.state))
        self._updates = Updates(
            fleet=fleet,
            keeping=keeping,
            preparation=Preparation(keeping, fleet, InlineWorker(world), world.state),  # type: ignore[arg-type]
            trial=self._trial,
            watch=self._watch,
            lookout=Lookout(Nobody(), self._job, Looked, self._tell),
            report=self._report,
        )

    def _job(self) -> Job:
        config = self.configuration.in_force
        assert config.ota is not None  # noqa: S101  # _config has it
        return job_of(config, config.ota, self.world.state)

    def hear(self, desired: Desired) -> None:
        """Take a desired configuration, as from the broker."""
        payload = msgspec.json.encode(desired)
        self.configuration.handle(Inbound(topic="desired", payload=payload, retained=True))

    def turn(self) -> None:
        """Turn the loop once, after what is to happen now; time passes."""
        state = self.state
        self.world.at.pop(state, lambda: None)()
        while self.world.next_desired:
            self.hear(self.world.next_desired.pop(0))
        self._tally.progress(Beat(frames=10, stages_ms={"inference": 10.0}), self.world.clock_s)
        if self._ran == self.world.bad:
            self._tally.crashes = 1
        due_s = self._updates.act(self.world.clock_s)
        self.world.clock_s += min(STEP_S, max(0.01, due_s - self.world.clock_s))

    @property
    def state(self) -> UpdateState:
        """Where the update is."""
        with suppress(ReachError):
            record = self._keeping.record
            self._state = "idle" if record is None else record.state
        return self._state

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way, and nothing ordered that was not brought to its end."""
        return self.state == "idle" and next_order(self._fleet.updates, self._keeping.journal) is None

    # What is asked of supervisor, session and machine.

    @property
    def is_connected(self) -> bool:
        """Whether the broker is there."""
        return self.world.connected

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

    def _trial(self, record: Record, limits: Limits) -> ModelTrial:
        return ModelTrial(
            record,
            places=Places(self.world.state),
            configuration=self.configuration,
            succeed=self.succeed,
            watch=self._watch,
            limits=limits,
            counters_lost=lambda damage: self._tell("update-counters-damaged", str(damage)),
        )

    def _apply(self, config: AgentConfig) -> None:
        (pipeline,) = config.pipelines
        folder = Path(getattr(pipeline, "model", "")).parent.name
        kept = self.world.store.kept(folder)
        runs = kept.version if kept else ""
        if runs != self._ran:
            self._ran, self._tally = runs, Tally()

    def _tell(self, label: str, text: str) -> None:
        self.world.events.append(f"{label}: {text}")

    def _report(self, record: Record, progress: Progress | None) -> None:
        self.world.seq += 1
        stamp = {"v": 1, "id": f"m{self.world.seq}", "session": "00000001-abcdef01", "ts": 1, "clock": "synced"}
        self.world.reports.append(report_of(record, {**stamp, "seq": self.world.seq}, progress))


class InlineWorker:
    """The worker's steps in this process, at once; only the models are not run."""

    is_running = False
    progress: Progress | None = None

    def __init__(self, world: World) -> None:
        self._world = world

    def start(self, job: Job) -> None:
        """Do what the worker does; what ends it is found in the journal, or not."""
        with suppress(SkerryError):
            self._work(job)

    def _work(self, job: Job) -> None:
        places = Places(Path(job.state_dir))
        journal_file = JournalFile(places.ota)
        record = journal_file.read().record
        if record is None:
            return
        supply = worker.supply_of(job, places)
        steps = worker.steps_of(job, places, supply, record)
        assert isinstance(steps, ModelSteps)  # noqa: S101  # of a model
        steps = replace(steps, measure=_measured, told=lambda _done, _total: None)
        prepare(journal_file, _Noticed(self._world, steps), now)

    def kill(self) -> None:
        """Do nothing: it is done before anybody could."""


class _Noticed:
    """Steps before which the world may change."""

    def __init__(self, world: World, steps: ModelSteps) -> None:
        self._world = world
        self._steps = steps

    def take(self, record: Record) -> Any:  # noqa: ANN401  # a Happening
        """Let happen what is to happen in this state, and take the step."""
        self._world.at.pop(record.state, lambda: None)()
        return self._steps.take(record)


class _Done:
    failed = None
    is_done = True

    def drop(self) -> None:
        """Nothing is left to give up."""


def _measured(subject: Subject) -> Measured:  # noqa: ARG001  # all are alike
    return Measured(sqnr_db=99.0, needed_db=60.0, inference_ms=10.0, peak_mb=100.0, labels=(), seen=())


def _config(world: World) -> AgentConfig:
    tree = {
        "site": "garden",
        "device": DEVICE,
        "board": BOARD,
        "state_dir": str(world.state),
        "mqtt": {"url": "mqtt://127.0.0.1"},
        "pipelines": [
            {
                "kind": "detection",
                "name": "gate",
                "model": NAME,
                "variant": "onnx-fp32",
                "source": {"kind": "images", "path": "/nowhere", "loop": True},
            }
        ],
        "ota": {"mirrors": [str(world.mirror)], "root": str(world.rig.root), "spread_s": 0, "reserve_mb": 0},
    }
    config: AgentConfig = fit(tree, AgentConfig, name="the rig")
    return config


def desired(version: int, order: UpdateOrder | None) -> Desired:
    """Return a desired configuration with one order, or none."""
    return Desired(v=1, version=version, ts=1, updates={f"model/{NAME}": order} if order else {})


def order_of(version: str, counter: int, *, order: str = "r1") -> UpdateOrder:
    """Return an order with time enough for every cell."""
    return UpdateOrder(id=order, version=version, counter=counter, probation_s=10, deadline_s=3600)


def live_on(world: World, wanted: Desired | None) -> UpdateReport:
    """Let an agent live until all that it was ordered has come to its end, and return how the last of it did.

    Raises LostError where that is never, or where it says nothing.
    """
    life = Life(world, wanted)
    for _ in range(MAX_TURNS):
        if wanted is not None and life.configuration.shown.desired.version < wanted.version:
            # What a disk did not take comes again with the next connection: it is retained.
            life.hear(wanted)
        life.turn()
        is_heard = wanted is None or life.configuration.shown.desired.version >= wanted.version
        if is_heard and not world.next_desired and life.is_idle:
            break
    else:
        raise LostError(f"it never came to its end; it is in {life.state}")
    final = [one for one in world.reports if one.outcome != "under-way"]
    if not final:
        raise LostError("it came to its end and said nothing")
    return final[-1]

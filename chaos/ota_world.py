"""What outlives an agent in the cells of the machine: its state directory, its fleet, and what is true around it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from chaos.ota_cells import LostError
from chaos.ota_repositories import BOARD, Rig, model_bytes
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.contracts.messages import Desired, UpdateOrder
from skerry_edge.contracts.updates import UpdateReport, UpdateState
from skerry_edge.foundation.config import fit
from skerry_edge.ota.machine.record import Instant
from skerry_edge.ota.model_store import MODELS, Kept, ModelStore
from skerry_edge.ota.places import Places

NAME = "doorbell"
DEVICE = "cam-1"
PROBATION_S = 10
DEADLINE_S = 3600
UPTIME_S = 1000.0
"""So long the machine has run when a cell begins, and after each new start."""
Strike = Callable[[], None]


@dataclass
class World:
    """A device and its fleet.

    ``mirrors`` are where it loads from, where that is not its own link `mirror`, and ``bundle_of`` makes the bytes of a
    version that it has. ``own`` is the version of the device's own file, where it has one. ``bad`` is the version that
    crashes when it runs. ``at`` are things that happen once, when a state is first seen, ``next_desired`` is what the
    broker sends next, ``in_force`` is the version that the agent runs, whatever the links say, ``clock_s`` is how long
    the machine has run in the start ``boot``.
    """

    folder: Path
    rig: Rig
    mirrors: tuple[str, ...] = ()
    bundle_of: Callable[[str], bytes] = model_bytes
    own: str = ""
    bad: str = ""
    in_force: str = ""
    connected: bool = True
    synchronised: bool = False
    at: dict[UpdateState, Strike] = field(default_factory=dict)
    next_desired: list[Desired] = field(default_factory=list)
    reports: list[UpdateReport] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    boot: int = 1
    clock_s: float = UPTIME_S

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.folder / "state"

    @property
    def places(self) -> Places:
        """What belongs to updates in it."""
        return Places(self.state)

    @property
    def mirror(self) -> Path:
        """Where the device finds the repository: a link, so that it can be away."""
        return self.folder / "mirror"

    @property
    def store(self) -> ModelStore:
        """The device's releases."""
        return ModelStore(self.state, NAME)

    @property
    def own_file(self) -> Path:
        """The model that the device's own configuration names, and no release has brought."""
        return self.state / MODELS / f"{NAME}.skerry"

    @property
    def now(self) -> Instant:
        """This moment on the clock that nobody can set."""
        return Instant(boot=f"boot-{self.boot}", since_boot_s=self.clock_s)

    @property
    def config(self) -> AgentConfig:
        """The agent's configuration."""
        mirrors = self.mirrors or (str(self.mirror),)
        tree = {
            "site": "garden",
            "device": DEVICE,
            "board": BOARD,
            "state_dir": str(self.state),
            "mqtt": {"url": "mqtt://127.0.0.1"},
            "pipelines": [
                {
                    "kind": "detection",
                    "name": "gate",
                    "model": str(self.own_file) if self.own else NAME,
                    "variant": "onnx-fp32",
                    "source": {"kind": "images", "path": "/nowhere", "loop": True},
                }
            ],
            "ota": {
                "mirrors": list(mirrors),
                "root": str(self.rig.root),
                "spread_s": 0,
                "reserve_mb": 0,
                "replays": False,
            },
        }
        config: AgentConfig = fit(tree, AgentConfig, name="the rig")
        return config

    def install(self, version: str = "1.0.0", counter: int = 1) -> None:
        """Set the device up with a release that has proved itself."""
        self.state.mkdir(parents=True)
        self.connect()
        self.keep(version, counter)

    def install_own(self, version: str) -> None:
        """Set the device up with a file of its own, and no release."""
        self.own = version
        self.own_file.parent.mkdir(parents=True)
        self.own_file.write_bytes(self.bundle_of(version))
        self.connect()

    def keep(self, version: str, counter: int) -> None:
        """Have a release in the store, proved, and run it."""
        data = self.bundle_of(version)
        sha256 = hashlib.sha256(data).hexdigest()
        before = self.store.linked("current")
        file = self.folder / "given"
        file.write_bytes(data)
        self.store.take_in(file, Kept(sha256=sha256, version=version, counter=counter, variant="onnx-fp32"))
        self.store.switch_to(sha256)
        self.store.prove(sha256, before.sha256 if before else None)

    def go_back_to_own(self) -> None:
        """Run the device's own file again; the release that ran is kept."""
        current = self.store.linked("current")
        self.store.switch_to(None)
        self.store.prove(None, current.sha256 if current else None)

    def connect(self) -> None:
        """Have the repository there."""
        if not self.mirror.is_symlink():
            self.mirror.symlink_to(self.rig.repository.metadata.parent)

    def disconnect(self) -> None:
        """Have it away."""
        self.mirror.unlink()

    def start_machine(self) -> None:
        """Have the machine start anew, as after a power cut."""
        self.boot, self.clock_s = self.boot + 1, UPTIME_S

    @property
    def version(self) -> str:
        """The version that the device runs. Raises LostError where that is none, or not whole."""
        kept = self.store.linked("current")
        if self.own and not (self.store.folder / "current").is_symlink():
            if self.own_file.read_bytes() != self.bundle_of(self.own):
                raise LostError("the device's own file is not whole")
            return self.own
        if kept is None:
            raise LostError("nothing whole runs")
        found = hashlib.sha256(self.store.bundle(kept.sha256).read_bytes()).hexdigest()
        if found != kept.sha256:
            raise LostError(f"what runs as {kept.version} is not whole")
        return kept.version

    @property
    def finals(self) -> list[UpdateReport]:
        """How orders ended, as the fleet heard it."""
        return [one for one in self.reports if one.outcome != "under-way"]


def desired(version: int, order: UpdateOrder | None) -> Desired:
    """Return a desired configuration with one order, or none."""
    return Desired(v=1, version=version, ts=1, updates={f"model/{NAME}": order} if order else {})


def order_of(version: str, counter: int, *, order: str = "r1") -> UpdateOrder:
    """Return an order with time enough for every cell."""
    return UpdateOrder(id=order, version=version, counter=counter, probation_s=PROBATION_S, deadline_s=DEADLINE_S)

"""A device that is attacked, with all of its update machine: a clock that can be wrong, little patience, two slots."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from chaos.ota_agent import Life
from chaos.ota_cells import LostError
from chaos.ota_device import HURRIED, WrongClock
from chaos.ota_inline_worker import InlineWorker
from chaos.ota_repositories import BOARD
from chaos.ota_world import World
from skerry_edge import __version__
from skerry_edge.contracts.messages import Desired, UpdateOrder
from skerry_edge.contracts.release import Release
from skerry_edge.contracts.updates import UpdateReport
from skerry_edge.ota import launcher
from skerry_edge.ota.job import Job
from skerry_edge.ota.places import Places
from skerry_edge.ota.supply import SignedSupply
from skerry_edge.ota.trust.device import Device, Interpreter
from skerry_edge.ota.trust.place import TrustPlace
from skerry_edge.transfer.patience import Patience

DEADLINE_S = 120
MAX_TURNS = 2000


@dataclass
class Victim(World):
    """The device; ``clock`` is what it judges a repository by, ``patience`` how long it waits for one."""

    clock: WrongClock = field(default_factory=lambda: WrongClock(None))
    patience: Patience = HURRIED
    ordered: int = 0

    def settle_in(self, release: Release) -> None:
        """Set it up with a release of the repository that has proved itself. Raises LostError."""
        self.install("0.0.1", 1)
        for slot in launcher.SLOTS:
            (self.state / "agent" / slot).mkdir(parents=True)
        (self.state / "agent" / launcher.CURRENT).symlink_to("a")
        if self.obey(release).outcome != "committed":
            raise LostError(f"it could not be set up: {self.reports[-1]}")

    @property
    def supply(self) -> SignedSupply:
        """What looks at the repository as the worker's does, by this clock."""
        device = Device(board=BOARD, agent_version=__version__, interpreter=Interpreter.here())
        settings = self.config.ota
        assert settings is not None  # noqa: S101  # the world's configuration has it
        return SignedSupply(TrustPlace.below(self.places.ota), settings, device, self.clock, self.patience)

    def order(self, release: Release) -> Desired:
        """Return the next order for a release."""
        self.ordered += 1
        order = UpdateOrder(
            id=f"r{self.ordered}",
            version=release.version,
            counter=release.counter,
            probation_s=10,
            deadline_s=DEADLINE_S,
        )
        return Desired(v=1, version=self.ordered, ts=1, updates={release.subject: order})

    def live(self, wanted: Desired) -> Iterator[None]:
        """Have the agent turn its loop until the order has come to its end; gives the world a say after each turn.

        Raises LostError where that is never.
        """
        with _launched():
            life = VictimsLife(self, wanted)
            for _ in range(MAX_TURNS):
                life.turn()
                yield
                if life.is_idle:
                    return
        raise LostError(f"it never came to its end; it is in {life.state}")

    def obey(self, release: Release) -> UpdateReport:
        """Order a release and return the one final report of that. Raises LostError where there is none."""
        before = len(self.reports)
        for _ in self.live(self.order(release)):
            pass
        told = [one for one in self.reports[before:] if one.outcome != "under-way"]
        if len(told) != 1:
            raise LostError(f"it told {len(told)} endings")
        return told[0]

    @property
    def bundle(self) -> bytes:
        """What runs. Raises LostError where that is nothing whole."""
        kept = self.store.linked("current")
        if kept is None:
            raise LostError("nothing whole runs")
        return self.store.bundle(kept.sha256).read_bytes()

    def owned(self) -> dict[str, str]:
        """Return all that runs or could: each link and file of the models' stores and the agent's slots."""
        roots = (self.state / "models", self.state / "agent")
        there = sorted(path for root in roots for path in root.rglob("*"))
        return {str(path): str(path.readlink()) if path.is_symlink() else _content(path) for path in there}


class VictimsLife(Life):
    """A life whose worker goes by the victim's clock and patience."""

    world: Victim

    def worker(self) -> InlineWorker:
        """Return what stands for the worker's process."""
        return _Worker(self.world)


class _Worker(InlineWorker):
    world: Victim

    def supply_of(self, job: Job, places: Places) -> SignedSupply:  # noqa: ARG002  # the victim's own
        """Return where releases come from."""
        return self.world.supply


@contextmanager
def _launched() -> Iterator[None]:
    """Have this process look as if the launcher had started it from the first slot."""
    with patch.dict(os.environ, {launcher.SLOT_VARIABLE: "a", launcher.LAUNCHER_VARIABLE: json.dumps([])}):
        yield


def _content(path: Path) -> str:
    return path.read_bytes().hex() if path.is_file() else "a folder"

"""A device's side of an update up to the verified file, with a clock that can be wrong and a slot that is watched."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from skerry_edge.contracts.release import Release
from skerry_edge.ota.choice import Held, Wanted
from skerry_edge.ota.transfer.fetching import Fetcher, verify
from skerry_edge.ota.transfer.mirrors import FolderMirror, Mirror
from skerry_edge.ota.transfer.unpacking import unpack
from skerry_edge.ota.trust.counters import CounterFloors
from skerry_edge.ota.trust.device import Device, Interpreter
from skerry_edge.ota.trust.place import TrustPlace
from skerry_edge.ota.trust.releases import Checked, Repository, TrustedReleases
from skerry_edge.transfer.patience import Patience

HURRIED = Patience(connect_s=5, stall_s=1.0, least_rate=1000, attempts=3, sleep=lambda _: None)
"""For servers on loopback that misbehave."""


@dataclass(slots=True)
class WrongClock:
    """A clock that is what it is set to; ``wall`` None means that nothing has synchronised it."""

    wall: float | None
    running: float = 1000.0
    start: str = "first"

    def wall_s(self) -> float | None:
        """Return the wall clock."""
        return self.wall

    def running_s(self) -> float:
        """Return the seconds since the start."""
        return self.running

    def boot(self) -> str:
        """Return the start's name."""
        return self.start


@dataclass(slots=True)
class UnderTest:
    """A device with its state in ``folder``; ``root`` is what it trusts, ``mirrors`` where it looks."""

    folder: Path
    root: Path
    mirrors: Sequence[Mirror]
    clock: WrongClock
    board: str
    patience: Patience = HURRIED
    longest_silence: timedelta | None = None
    told: Callable[[int, int], None] = field(default=lambda _done, _total: None)

    @property
    def place(self) -> TrustPlace:
        """Where it keeps what it trusts."""
        return TrustPlace.below(self.folder / "ota")

    @property
    def slot(self) -> Path:
        """The file that runs now; nothing but a switch may touch it."""
        return self.folder / "models" / "current"

    @property
    def incoming(self) -> Path:
        """Where downloads go."""
        return self.folder / "incoming"

    def trusted(self) -> TrustedReleases:
        """Return what looks at the repository."""
        repository = Repository(
            root=self.root, mirrors=self.mirrors, patience=self.patience, longest_silence=self.longest_silence
        )
        return TrustedReleases(self.place, repository, self.clock)

    def check(self) -> Checked:
        """Look at the repository. Raises ReleaseError, TransferError."""
        return self.trusted().refresh()

    def bring(self, release: Release) -> Path:
        """Bring a release to the disk as an update does up to its staging. Raises ReleaseError, TransferError."""
        trusted = self.trusted()
        trusted.refresh()
        held = Held(path=str(self.slot), sha256=self.slot_sha256()) if self.slot.exists() else None
        wanted = Wanted(
            kind=release.kind,
            name=release.name,
            version=release.version,
            variant=release.variant,
            counter=release.counter,
        )
        device = Device(board=self.board, agent_version="0.1.0", interpreter=Interpreter.here())
        choice = trusted.choose(wanted, device, have_sha256=held.sha256 if held else None)
        fetcher = Fetcher(into=self.incoming, mirrors=self.mirrors, patience=self.patience, told=self.told)
        path = fetcher.fetch(choice, held)
        verify(choice.target, path)
        if release.kind == "agent":
            unpack(path, self.folder / "unpacked")
        return path

    def commit(self, release: Release, path: Path) -> None:
        """Run this file from now on."""
        self.slot.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, self.slot)
        CounterFloors(self.place.counters).commit(release.subject, release.counter, _raise)

    def slot_sha256(self) -> str:
        """Return the hash of what runs now."""
        return hashlib.sha256(self.slot.read_bytes()).hexdigest()

    def empty_caches(self) -> None:
        """Lose the cached metadata, as an attacker would like it."""
        shutil.rmtree(self.place.metadata, ignore_errors=True)


def _raise(error: Exception) -> None:
    raise error


def in_folder(path: Path) -> tuple[Mirror, ...]:
    """Return the mirrors of a repository that is taken from its folder."""
    return (FolderMirror(folder=path),)

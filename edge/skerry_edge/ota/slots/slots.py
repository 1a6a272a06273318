"""The slots on disk: which was good last, which is on trial, and what each holds; the launcher reads the same files."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from skerry_edge.contracts.manifest import Sha256
from skerry_edge.contracts.release import Counter, ReleaseVersion
from skerry_edge.foundation.atomic import sync_directory, write_atomic
from skerry_edge.foundation.errors import ReachError
from skerry_edge.foundation.small_file import DAMAGED, read_small
from skerry_edge.ota import launcher
from skerry_edge.ota.machine.record import Instant

RELEASE, INSTALLED = "release.json", "installed.json"
NO_SLOT = "no slot is free: one runs, and the other was good last"
_MAX_BYTES = 4096


class KeptAgent(Struct, frozen=True, kw_only=True):
    """The release that a slot holds, noted when all of it was there."""

    sha256: Sha256
    version: ReleaseVersion
    counter: Counter


class Slots:
    """The two slots below a state directory. What changes something raises ReachError where the disk refuses."""

    def __init__(
        self, state_dir: Path, *, running: str | None = None, passed: Mapping[str, str] = {}, installed: str = ""
    ) -> None:
        """Look at them; ``running`` is the one that this agent runs from.

        ``passed`` are those that the launcher passed over for it, and why; ``installed`` is the program that is run
        where there is no slot.
        """
        self.folder = state_dir / "agent"
        self.running = running
        self.passed = passed
        self.installed = installed

    @property
    def current(self) -> str | None:
        """The slot that was good last, None where none was committed yet."""
        try:
            name = (self.folder / launcher.CURRENT).readlink().name
        except OSError:
            return None
        return name if name in launcher.SLOTS else None

    @property
    def good(self) -> str:
        """The program that was good last: a slot, or the one that was installed."""
        return self.current or launcher.BASE

    @property
    def idle(self) -> str | None:
        """The slot that the next version is built in: it neither runs nor was good last. None where there is none."""
        return next((slot for slot in launcher.SLOTS if slot not in (self.current, self.running)), None)

    @property
    def on_trial(self) -> str | None:
        """The program on trial, None where there is none, or where the launcher has given it up."""
        try:
            slot = json.loads(read_small(self.folder / launcher.TRIAL, _MAX_BYTES))["slot"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return slot if slot in (*launcher.SLOTS, launcher.BASE) else None

    @property
    def is_settled(self) -> bool:
        """Whether what runs is what was good last, and nothing is on trial: it has proved itself."""
        return self.running == self.good and not (self.folder / launcher.TRIAL).exists()

    @property
    def is_substitute(self) -> bool:
        """Whether this agent runs because the launcher had to pass over what was good last."""
        return self.running is not None and self.good in self.passed and self.running != self.good

    @property
    def is_out_of_place(self) -> bool:
        """Whether the launcher would start another program than the one that runs."""
        return self.running not in (None, self.good) and self.good not in self.passed

    @property
    def installed_version(self) -> str | None:
        """The version of the program that was installed, None where that has never said so."""
        try:
            return str(json.loads(read_small(self.folder / INSTALLED, _MAX_BYTES))["version"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    @property
    def running_version(self) -> str | None:
        """The version that runs, as it was noted when it was built or first asked; None where that is not known."""
        if self.running is None or self.running == launcher.BASE:
            return self.installed_version
        kept = self.kept(self.running)
        return kept.version if kept else None

    @property
    def fallen(self) -> str | None:
        """Why the launcher gave up a trial, None where it did not."""
        try:
            return str(json.loads(read_small(self.folder / launcher.FALLEN, _MAX_BYTES))["reason"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            return f"the launcher's word cannot be read: {error}"

    def path(self, slot: str) -> Path:
        """Return a slot's folder."""
        return self.folder / slot

    def kept(self, slot: str) -> KeptAgent | None:
        """Return what a slot holds; None where that is nothing whole."""
        try:
            return msgspec.json.decode(read_small(self.path(slot) / RELEASE, _MAX_BYTES), type=KeptAgent)
        except (OSError, *DAMAGED):
            return None

    def note_installed(self, version: str) -> None:
        """Note the version of the program that was installed: it is the way back from the first update."""
        if version != self.installed_version:
            with _told(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
            write_atomic(self.folder / INSTALLED, msgspec.json.encode({"version": version}))

    def note(self, slot: str, kept: KeptAgent) -> None:
        """Note that a slot holds a release, whole."""
        write_atomic(self.path(slot) / RELEASE, msgspec.json.encode(kept))

    def forget(self, slot: str) -> None:
        """Have a slot hold nothing any more, before it is changed: half of a version must not be taken for whole."""
        with _told(self.folder):
            for name in (RELEASE, launcher.PROVED):
                (self.path(slot) / name).unlink(missing_ok=True)
            if self.path(slot).is_dir():
                sync_directory(self.path(slot))

    def begin_trial(self, slot: str, deadline_s: float, now: Instant) -> None:
        """Have the launcher start this slot from now on, until it is confirmed or given up."""
        self.clear_fallen()
        trial = {"slot": slot, "boots": 0, "boot": now.boot, "at_s": now.since_boot_s, "spent_s": 0.0}
        with _told(self.folder):
            launcher.write(self.folder / launcher.TRIAL, {**trial, "deadline_s": deadline_s})

    def confirm(self, program: str) -> None:
        """Have the launcher start this slot for good, or the program that was installed."""
        if program in launcher.SLOTS:
            write_atomic(self.path(program) / launcher.PROVED, b"")
        with _told(self.folder):
            current = self.folder / launcher.CURRENT
            if program == launcher.BASE:
                current.unlink(missing_ok=True)
            else:
                aside = self.folder / ".current.new"
                aside.unlink(missing_ok=True)
                aside.symlink_to(program)
                aside.replace(current)
            sync_directory(self.folder)
        self.end_trial()

    def adopt(self, substitute: str) -> None:
        """Have what runs in the place of what was good last run for good; what was passed over holds nothing more."""
        self.confirm(substitute)
        for slot in launcher.SLOTS:
            if slot in self.passed:
                self.forget(slot)

    def end_trial(self) -> None:
        """Have the launcher start the slot that was good last, and take the alarm back that it set for the trial."""
        with _told(self.folder):
            (self.folder / launcher.TRIAL).unlink(missing_ok=True)
            if self.folder.is_dir():
                sync_directory(self.folder)
        if self.running is not None:
            signal.alarm(0)

    def clear_fallen(self) -> None:
        """Forget what the launcher said of an earlier trial."""
        with _told(self.folder):
            (self.folder / launcher.FALLEN).unlink(missing_ok=True)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ReachError("cannot change the agent's slots", where=str(folder), found=error.strerror) from error

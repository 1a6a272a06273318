"""The slots on disk: which was good last, which is on trial, and what each holds; the launcher reads the same files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from skerry_edge.contracts.manifest import Sha256
from skerry_edge.contracts.release import Counter, ReleaseVersion
from skerry_edge.foundation.atomic import sync_directory, write_atomic
from skerry_edge.foundation.errors import ReachError
from skerry_edge.foundation.small_file import read_small
from skerry_edge.ota import launcher
from skerry_edge.ota.machine.record import Instant

RELEASE = "release.json"
_MAX_BYTES = 4096


class KeptAgent(Struct, frozen=True, kw_only=True):
    """The release that a slot holds, noted when all of it was there."""

    sha256: Sha256
    version: ReleaseVersion
    counter: Counter


class Slots:
    """The two slots below a state directory. What changes something raises ReachError where the disk refuses."""

    def __init__(self, state_dir: Path) -> None:
        self.folder = state_dir / "agent"

    @property
    def current(self) -> str | None:
        """The slot that was good last, None where none was committed yet."""
        try:
            name = (self.folder / launcher.CURRENT).readlink().name
        except OSError:
            return None
        return name if name in launcher.SLOTS else None

    @property
    def idle(self) -> str:
        """The slot that the next version is built in."""
        return next(slot for slot in launcher.SLOTS if slot != self.current)

    @property
    def on_trial(self) -> str | None:
        """The slot on trial, None where there is none, or where the launcher has given it up."""
        try:
            found = json.loads(read_small(self.folder / launcher.TRIAL, _MAX_BYTES))
            slot = found["slot"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return slot if slot in launcher.SLOTS else None

    @property
    def fallen(self) -> str | None:
        """Why the launcher gave up a trial, None where it did not."""
        try:
            return str(json.loads(read_small(self.folder / launcher.FALLEN, _MAX_BYTES))["reason"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            return f"the launcher's word cannot be read: {error}"

    def path(self, slot: str) -> Path:
        """Return a slot's folder."""
        return self.folder / slot

    def kept(self, slot: str) -> KeptAgent | None:
        """Return what a slot holds; None where that is nothing whole."""
        try:
            return msgspec.json.decode(read_small(self.path(slot) / RELEASE, _MAX_BYTES), type=KeptAgent)
        except (OSError, msgspec.DecodeError):
            return None

    def note(self, slot: str, kept: KeptAgent) -> None:
        """Note that a slot holds a release, whole."""
        write_atomic(self.path(slot) / RELEASE, msgspec.json.encode(kept))

    def begin_trial(self, slot: str, deadline_s: float, now: Instant) -> None:
        """Have the launcher start this slot from now on, until it is confirmed or given up."""
        self.clear_fallen()
        trial = {"slot": slot, "boots": 0, "boot": now.boot, "at_s": now.since_boot_s, "spent_s": 0.0}
        with _told(self.folder):
            launcher.write(self.folder / launcher.TRIAL, {**trial, "deadline_s": deadline_s})

    def confirm(self, slot: str) -> None:
        """Have the launcher start this slot for good."""
        with _told(self.folder):
            aside = self.folder / ".current.new"
            aside.unlink(missing_ok=True)
            aside.symlink_to(slot)
            aside.replace(self.folder / launcher.CURRENT)
            sync_directory(self.folder)
        self.end_trial()

    def end_trial(self) -> None:
        """Have the launcher start the slot that was good last."""
        with _told(self.folder):
            (self.folder / launcher.TRIAL).unlink(missing_ok=True)
            if self.folder.is_dir():
                sync_directory(self.folder)

    def clear_fallen(self) -> None:
        """Forget what the launcher said of an earlier trial."""
        with _told(self.folder):
            (self.folder / launcher.FALLEN).unlink(missing_ok=True)


def running_slot(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the slot that this process runs from, `base` for the program installed; None without a launcher."""
    slot = environment.get(launcher.SLOT_VARIABLE)
    return slot if slot in (*launcher.SLOTS, launcher.BASE) and launcher.LAUNCHER_VARIABLE in environment else None


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ReachError("cannot change the agent's slots", where=str(folder), found=error.strerror) from error

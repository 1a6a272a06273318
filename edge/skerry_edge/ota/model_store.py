"""Where a device keeps a model's releases: a folder for each by its hash, and links to the one that runs.

    models/NAME/<sha256>/bundle.skerry   the file, as it was signed
    models/NAME/<sha256>/release.json    what it is
    models/NAME/<sha256>/proved          there once it has proved itself on this device
    models/NAME/current                  link to the folder that runs; without it, what the device's own file names runs
    models/NAME/previous                 link to the one before, kept as a way back; without it, that is the own file
    models/NAME/before                   while something is on trial: link to what `current` goes back to, or to `own`

A folder gets its name when all in it is on the disk. Every step can be done again after a crash in the middle of it,
and with the links alone, should the journal be lost, the device finds back to what was proved (`settle`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from skerry_edge.contracts.manifest import Sha256
from skerry_edge.contracts.release import Counter, ReleaseVersion, VariantName
from skerry_edge.foundation.atomic import sync_directory, write_atomic
from skerry_edge.foundation.errors import ReachError
from skerry_edge.foundation.file_hash import file_sha256
from skerry_edge.foundation.small_file import read_small
from skerry_edge.ota.removal import remove, remove_all

Link = Literal["current", "previous", "before"]
MODELS = "models"
BUNDLE = "bundle.skerry"
RELEASE = "release.json"
PROVED = "proved"
OWN = "own"
"""Where the link `before` leads while a trial goes back to the device's own file; nothing lies there."""
_MAX_RELEASE_BYTES = 4096
_FOLDER = re.compile(r"[0-9a-f]{64}\Z")


class Kept(Struct, frozen=True, kw_only=True):
    """A release that the device has."""

    sha256: Sha256
    version: ReleaseVersion
    counter: Counter
    variant: VariantName


class ModelStore:
    """The releases of one model. Every method that changes something raises ReachError where the disk refuses."""

    def __init__(self, state_dir: Path, name: str) -> None:
        """Use what lies below ``state_dir``; ``name`` is that of a release, so it leads to no other folder."""
        self.folder = state_dir / MODELS / name

    def bundle(self, sha256: str) -> Path:
        """Return where a release's file lies, or would."""
        return self.folder / sha256 / BUNDLE

    def linked(self, link: Link) -> Kept | None:
        """Return the release that a link leads to; None where there is none, or where it leads to none."""
        target = self._target(link)
        return self.kept(target) if target is not None else None

    def kept(self, sha256: str) -> Kept | None:
        """Return what the device has under a hash; None where that is nothing, or not whole."""
        try:
            kept = msgspec.json.decode(read_small(self.folder / sha256 / RELEASE, _MAX_RELEASE_BYTES), type=Kept)
        except (OSError, msgspec.DecodeError, ValueError):
            return None
        return kept if kept.sha256 == sha256 and self.bundle(sha256).is_file() else None

    def is_proved(self, sha256: str) -> bool:
        """Tell whether a release has proved itself here."""
        return (self.folder / sha256 / PROVED).is_file()

    def take_in(self, file: Path, kept: Kept) -> None:
        """Move a verified file to its place. A crash before the end leaves nothing under the release's name."""
        if self.kept(kept.sha256) is not None and file_sha256(self.bundle(kept.sha256)) == kept.sha256:
            return
        building = self.folder / f".building-{kept.sha256}"
        with _told(self.folder):
            building.mkdir(parents=True, exist_ok=True)
            for above in (self.folder.parent, self.folder.parent.parent):
                # A first release makes the store: what lies in it is there after a power cut only if its name is.
                sync_directory(above)
            if file.exists():
                os.replace(file, building / BUNDLE)  # noqa: PTH105  # also where both are the same file
            write_atomic(building / RELEASE, msgspec.json.encode(kept))
            _sync_file(building / BUNDLE)
            sync_directory(building)
            if os.path.lexists(self.folder / kept.sha256):
                remove(self.folder / kept.sha256)
            building.rename(self.folder / kept.sha256)
            sync_directory(self.folder)

    def hold_before(self, sha256: str | None) -> None:
        """Note what a trial goes back to, before it begins; None for the device's own file."""
        self._point("before", sha256 or OWN)

    def end_trial(self) -> None:
        """Have what `current` leads to on trial no more."""
        self._point("before", None)

    @property
    def is_on_trial(self) -> bool:
        """Whether what runs is on trial, also where it has proved itself in an earlier one."""
        return os.path.lexists(self.folder / "before")

    def switch_to(self, sha256: str | None) -> None:
        """Have ``current`` lead to a release; None leads to what the device's own file names."""
        self._point("current", sha256)

    def prove(self, sha256: str | None, before: str | None) -> None:
        """Note that a release has proved itself, and keep the one ``before`` as the way back; None is the own file."""
        if sha256 is not None:
            with _told(self.folder):
                write_atomic(self.folder / sha256 / PROVED, b"")
        if before != sha256:
            self._point("previous", before)
        self.end_trial()

    def settle(self) -> bool:
        """Without a journal, go back from what was on trial; return whether anything was.

        It can be done again after a crash in it: the link `before` is removed last.
        """
        current, good = self._target("current"), self.good
        self.switch_to(good)
        self.end_trial()
        return good != current

    @property
    def good(self) -> str | None:
        """The hash of what is known to be good, by the links alone; None for the device's own file."""
        before, current = self._target("before"), self._target("current")
        if before == OWN:
            return None
        if before is not None and self.kept(before) is not None:
            return before
        return current if current is not None and self.is_proved(current) else None

    def tidy(self) -> None:
        """Remove all that no link leads to: releases of earlier days, and what a crash left unfinished."""
        wanted = {self._target(link) for link in ("current", "previous", "before")}
        with _told(self.folder):
            found = sorted(self.folder.iterdir()) if self.folder.is_dir() else []
            remove_all(one for one in found if one.name not in wanted and _is_ours(one.name))

    def _target(self, link: Link) -> str | None:
        """Return where a link leads, whatever lies there."""
        try:
            target = (self.folder / link).readlink().name
        except OSError:
            return None
        return target if target == OWN or _FOLDER.match(target) else None

    def _point(self, link: Link, target: str | None) -> None:
        path = self.folder / link
        if self._target(link) == target and (target is not None or not os.path.lexists(path)):
            return
        with _told(path):
            if target is None:
                path.unlink()
            else:
                self.folder.mkdir(parents=True, exist_ok=True)
                aside = path.with_name(f".{link}.new")
                aside.unlink(missing_ok=True)
                aside.symlink_to(target)
                aside.replace(path)
            sync_directory(self.folder)


def good_bundle(state_dir: Path, name: str) -> Path | None:
    """Return the file that updates have brought under a model's name and that has proved itself; None without one."""
    store = ModelStore(state_dir, name)
    return store.bundle(store.good) if store.good is not None and store.kept(store.good) is not None else None


def tried_bundle(state_dir: Path, name: str) -> Path | None:
    """Return the file that is on trial under a model's name; None where that is the device's own file."""
    store = ModelStore(state_dir, name)
    kept = store.linked("current")
    return store.bundle(kept.sha256) if kept is not None else None


def is_unproved(bundle: Path) -> bool:
    """Tell whether a file is a release of a store that has not proved itself on this device."""
    return (bundle.parent / RELEASE).is_file() and not (bundle.parent / PROVED).is_file()


def updated_names(state_dir: Path) -> list[str]:
    """Return the names of the models that have a store.

    Where the device's own file is on trial, no link leads to what runs: only the one to what it goes back to is there.
    """
    try:
        stores = list((state_dir / MODELS).iterdir())
        return sorted(one.name for one in stores if any((one / link).is_symlink() for link in ("current", "before")))
    except OSError:
        return []


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ReachError("cannot change the store of models", where=str(path), found=error.strerror) from error


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_ours(name: str) -> bool:
    return _FOLDER.match(name) is not None or name.startswith(".")

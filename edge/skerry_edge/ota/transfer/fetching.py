"""A chosen release onto the device's disk: by a patch where one fits, else whole, from the first mirror that has it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.foundation.atomic import publish
from skerry_edge.foundation.file_hash import file_sha256
from skerry_edge.ota.choice import Choice, Held, Target
from skerry_edge.ota.errors import TransferError
from skerry_edge.ota.transfer.mirrors import FolderMirror, Mirror
from skerry_edge.ota.transfer.patching import apply_patch
from skerry_edge.ota.transfer.told import disk_failure, failures_told
from skerry_edge.transfer.download import download
from skerry_edge.transfer.folder import copy
from skerry_edge.transfer.part_file import PartFile
from skerry_edge.transfer.patience import Patience
from skerry_edge.transfer.verified import hash_brought

_log = logging.getLogger(__name__)
_OUR_DISK = frozenset({"no-space", "read-only"})

Told = Callable[[int, int], None]
"""What is told how many bytes are there, and of how many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetcher:
    """Brings targets into the folder ``into`` from ``mirrors``, the first of which is asked first."""

    into: Path
    mirrors: Sequence[Mirror]
    patience: Patience
    told: Told

    def fetch(self, choice: Choice, held: Held | None = None) -> Path:
        """Return the verified full file of ``choice``, made with the patch from ``held`` where that fits.

        What came before a failure or a kill is gone on with the next time. Raises TransferError where trying again may
        help, ReleaseError (``length``, ``hash``) where all mirrors have another file.
        """
        whole = self._place(choice.target)
        with failures_told():
            if _is_there(choice.target, whole):
                return whole
        problem = self._problem_with_patch(choice, held, whole)
        if problem is None:
            return whole
        try:
            return self.bring(choice.target)
        except TransferError as error:
            found = f"{error.found}; before, {problem}"
            raise TransferError(error.reason, error.what, where=error.where, found=found, todo=error.todo) from error

    def _problem_with_patch(self, choice: Choice, held: Held | None, whole: Path) -> str | None:
        """Return why the patch did not make ``whole``; None where it did. Raises TransferError where it is no use."""
        if choice.patch is None or held is None or held.sha256 != choice.patch_from_sha256:
            return "no patch was fit"
        part = PartFile(self._place(choice.patch))
        before_bytes = part.size()
        try:
            with failures_told():
                self._patched(choice.patch, Path(held.path), choice.target, whole)
        except (ReleaseError, TransferError) as error:
            # A line that brings a little each time brings the patch first of all; one that brings nothing must not bar
            # the full file.
            comes_on = error.reason == "stalled" and part.size() > before_bytes
            if error.reason in _OUR_DISK or comes_on:
                raise
            _log.warning("the patch did not help, so the full file is brought: %s", error)
            return str(error)
        return None

    def bring(self, target: Target) -> Path:
        """Return the verified file of ``target``, without patches. Raises as `fetch` does."""
        with failures_told():
            self.into.mkdir(parents=True, exist_ok=True)
            path = self._place(target)
            if not _is_there(target, path):
                self._bring(target, path)
            return path

    def _place(self, target: Target) -> Path:
        return self.into / target.sha256

    def _patched(self, patch: Target, old: Path, target: Target, whole: Path) -> None:
        path = self.bring(patch)
        try:
            apply_patch(old, path, target, whole)
        finally:
            path.unlink(missing_ok=True)

    def _bring(self, target: Target, path: Path) -> None:
        """Put a target there from the first mirror that has it. Raises TransferError, ReleaseError."""
        part = PartFile(path)
        problems: list[TransferError | ReleaseError] = []
        for mirror in self._in_order(target, part):
            problem = self._problem_with(mirror, target, part)
            if problem is None:
                _keep(part, path)
                return
            if problem.reason in _OUR_DISK:
                raise problem
            problems.append(problem)
        raise next((one for one in problems if isinstance(one, TransferError)), problems[0])

    def _problem_with(self, mirror: Mirror, target: Target, part: PartFile) -> TransferError | ReleaseError | None:
        """Return why ``mirror`` did not make the part whole; None where it did."""
        try:
            with failures_told():
                self._bring_from(mirror, target, part)
        except (TransferError, ReleaseError) as problem:
            return problem
        return None

    def _in_order(self, target: Target, part: PartFile) -> list[Mirror]:
        """Return the mirrors, first the one that a part of the file has come from."""
        origin = part.origin()
        url = origin.url if origin else None

        def gave_none(mirror: Mirror) -> bool:
            return isinstance(mirror, FolderMirror) or mirror.target(target.location, target.length).url != url

        return sorted(self.mirrors, key=gave_none)

    def _bring_from(self, mirror: Mirror, target: Target, part: PartFile) -> None:
        progress = _Progress(self.told, str(mirror))

        def bring() -> None:
            if isinstance(mirror, FolderMirror):
                source = mirror.target(target.location)
                copy(source, part, progress, sizes=(target.length,), reserve_bytes=self.patience.reserve_bytes)
            else:
                download(mirror.target(target.location, target.length), part, self.patience, progress)

        found = hash_brought(bring, part, sha256=target.sha256)
        if found != target.sha256:
            raise _another(target, found, str(mirror))


def verify(target: Target, path: Path) -> None:
    """Hold the file as it lies on the disk against what was signed. Raises ReleaseError: ``length``, ``hash``."""
    with failures_told():
        size = path.stat().st_size
        if size != target.length:
            found = f"{size} bytes instead of {target.length}"
            raise ReleaseError("length", "the file does not have its length", where=target.path, found=found)
        if (found := file_sha256(path)) != target.sha256:
            raise _another(target, found, str(path))


def _is_there(target: Target, path: Path) -> bool:
    return path.is_file() and file_sha256(path) == target.sha256


def _another(target: Target, found: str, where: str) -> ReleaseError:
    return ReleaseError(
        "hash",
        "the file is not the one that the metadata names",
        where=f"{target.path}, from {where}",
        found=f"sha256 {found} instead of {target.sha256}; it was not kept",
    )


def _keep(part: PartFile, path: Path) -> None:
    try:
        publish(part.path, path)
        part.forget_origin()
    except OSError as error:
        raise disk_failure(error) from error


@dataclass(frozen=True, slots=True)
class _Progress:
    """Tells an update's progress; what a person would be told goes to the log."""

    told: Told
    mirror: str

    def begin(self, name: str) -> None:
        _log.debug("fetching %s", name)

    def at(self, done_bytes: int, total_bytes: int) -> None:
        self.told(done_bytes, total_bytes)

    def note(self, text: str) -> None:
        _log.info("%s: %s", self.mirror, text)

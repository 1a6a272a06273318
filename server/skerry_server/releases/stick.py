"""A copy of the repository for a USB stick, which devices without a network accept for a stated time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tuf.api.metadata import TargetFile, Targets

from skerry_edge.contracts.release import Release, decode_release
from skerry_edge.foundation.atomic import publish as give_name
from skerry_edge.foundation.errors import ConfigError, DataError, ReachError
from skerry_edge.foundation.file_hash import file_sha256
from skerry_server.releases.metadata_files import file_name
from skerry_server.releases.refreshing import Occasion, Refreshed, link, refresh
from skerry_server.releases.repository import Repository
from skerry_server.releases.signing import Signatory

Wanted = Callable[[Release], bool]
Copied = Callable[[int], object]


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What the stick holds: the targets that were copied, their bytes, and until when devices accept it."""

    targets: tuple[str, ...]
    total_bytes: int
    expires: datetime


@dataclass(frozen=True, kw_only=True)
class StickPlan:
    """What goes on the stick and for how long devices accept it; ``copied`` hears of each piece's bytes."""

    valid_for: timedelta
    wanted: Wanted = lambda _: True
    copied: Copied = lambda _: None


def export_stick(repository: Repository, stick: Path, plan: StickPlan, signatory: Signatory, now: datetime) -> Exported:
    """Put `metadata/` and `targets/` on a stick, with a snapshot and a timestamp that hold as long as ordered.

    Only the files of targets that are wanted go along; the metadata names all of them. The repository itself first
    signs versions above those of the stick, so that a device which took the stick goes on with the repository. Raises
    ConfigError where the online key is not at hand or people's signatures end earlier, DataError where a file is
    damaged, ReachError.
    """
    with repository.locked(), tempfile.TemporaryDirectory() as scratch:
        targets = repository.newest_targets()
        _require_lasting(repository, targets.signed, now + plan.valid_for)
        copy = Repository(Path(scratch))
        _copy_metadata(repository, copy, targets.signed.version)
        refresh(repository, signatory, now, leaving=1)
        lasting = {"snapshot": plan.valid_for, "timestamp": plan.valid_for}
        roots = (repository.root().signed,)
        refreshed = link(copy, targets, Occasion(signatory=signatory, now=now, roots=roots, lasting=lasting))
        listed = targets.signed.targets
        chosen = [target for path, target in listed.items() if plan.wanted(decode_release(path, target.custom))]
        for target in chosen:
            _copy_target(repository, target, stick)
            plan.copied(target.length)
        _put_metadata(copy, stick, refreshed)
    return Exported(
        targets=tuple(sorted(target.path for target in chosen)),
        total_bytes=sum(target.length for target in chosen),
        expires=now.replace(microsecond=0) + plan.valid_for,
    )


def chosen_bytes(repository: Repository, wanted: Wanted) -> int:
    """Return how many bytes of targets would be copied."""
    listed = repository.newest_targets().signed.targets
    return sum(target.length for path, target in listed.items() if wanted(decode_release(path, target.custom)))


def _require_lasting(repository: Repository, targets: Targets, until: datetime) -> None:
    for signed, todo in ((repository.root().signed, "rotate-root"), (targets, "renew")):
        if signed.expires < until:
            raise ConfigError(
                f"the {signed.type} metadata expires before the stick would",
                found=f"{signed.expires:%Y-%m-%d}, the stick {until:%Y-%m-%d}",
                todo=f"sign it for longer (skerry ota {todo}), or make the stick for fewer days",
            )


def _copy_metadata(repository: Repository, copy: Repository, targets: int) -> None:
    """Copy all roots and what clients see now."""
    snapshot = repository.snapshot()
    names = [file_name("root", version) for version in repository.versions("root")]
    names += [file_name("targets", targets), file_name("timestamp", None)]
    names += [file_name("snapshot", snapshot.signed.version)] if snapshot else []
    copy.metadata.mkdir()
    for name in names:
        shutil.copyfile(repository.metadata / name, copy.metadata / name)


def _put_metadata(copy: Repository, stick: Path, refreshed: Refreshed) -> None:
    """Write the metadata to the stick, the timestamp last; what an older export left there goes."""
    folder = stick / "metadata"
    names = [file_name("root", version) for version in copy.versions("root")]
    names += [file_name("targets", refreshed.targets), file_name("snapshot", refreshed.snapshot)]
    names += [file_name("timestamp", None)]
    _make(folder)
    for name in names:
        _copy_file(copy.metadata / name, folder / name)
    for path in folder.glob("*.json"):
        if path.name not in names:
            path.unlink()


def _copy_target(repository: Repository, target: TargetFile, stick: Path) -> None:
    source = repository.target_file(target)
    path = stick / source.relative_to(repository.path)
    _make(path.parent)
    if path.is_file() and file_sha256(path) == target.hashes["sha256"]:
        return
    _copy_file(source, path)
    if file_sha256(path) != target.hashes["sha256"]:
        path.unlink()
        raise DataError(
            "a file of the repository is damaged, or the stick is", where=str(source), todo="skerry ota verify"
        )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReachError("cannot write to the stick", where=str(folder), found=error.strerror) from error


def _copy_file(source: Path, path: Path) -> None:
    aside = path.with_name(f".{path.name}.tmp")
    try:
        shutil.copyfile(source, aside)
        give_name(aside, path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise ReachError("cannot write to the stick", where=str(path), found=error.strerror) from error

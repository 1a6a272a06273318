"""Snapshot and timestamp: what the online key signs, so that clients see the newest targets and that they are new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from skerry_edge.foundation.errors import DataError
from skerry_server.releases.dates import date, default_lifetime, lifetime, renewed
from skerry_server.releases.repository import Repository
from skerry_server.releases.signing import Signatory, missing_signatures, require_signed

OnlineRole = TypeVar("OnlineRole", Snapshot, Timestamp)
TARGETS_FILE = "targets.json"
SNAPSHOT_FILE = "snapshot.json"
_TODO = "give the folder of the online key: --online-keys DIR"


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """The versions that clients see from now on."""

    targets: int
    snapshot: int
    timestamp: int


def refresh(
    repository: Repository,
    signatory: Signatory,
    now: datetime,
    *more_roots: Root,
    lasting: Mapping[str, timedelta] | None = None,
) -> Refreshed:
    """Sign a new timestamp, and a new snapshot where the present one is old or does not name the newest targets.

    Both are signed for the newest root, and for each of ``more_roots``: one that is about to be published. They last as
    long as before, or as ``lasting`` says by role. Raises ConfigError where the online key is not at hand, DataError
    where the newest targets are not whole, ReachError.
    """
    lasting = lasting or {}
    roots = (repository.root().signed, *more_roots)
    targets = _newest_targets(repository, roots)
    snapshot, is_new = _snapshot(repository, targets, roots, now, lasting.get("snapshot"))
    if is_new:
        _sign(snapshot, roots, signatory)
        repository.write(snapshot)
    timestamp = repository.newest(Timestamp)
    if timestamp is None:
        timestamp = Metadata(date(Timestamp(1), now, lasting.get("timestamp", default_lifetime("timestamp"))))
    else:
        renewed(timestamp.signed, now, lasting=lasting.get("timestamp"))
    timestamp.signed.snapshot_meta = repository.described(snapshot)
    timestamp.signatures.clear()
    _sign(timestamp, roots, signatory)
    repository.write(timestamp)
    return Refreshed(
        targets=targets.signed.version, snapshot=snapshot.signed.version, timestamp=timestamp.signed.version
    )


def _newest_targets(repository: Repository, roots: tuple[Root, ...]) -> Metadata[Targets]:
    """Return the newest targets, which may have been signed elsewhere, once all that they name is there."""
    targets = repository.newest_targets()
    if missing := missing_signatures(targets, *roots):
        where, found = f"{targets.signed.version}.targets.json", f"{missing} signatures too few"
        raise DataError("the newest targets are not signed by enough of their keys", where=where, found=found)
    for target in targets.signed.targets.values():
        path = repository.target_file(target)
        if not path.is_file() or path.stat().st_size != target.length:
            raise DataError("a file that the newest targets name is not there whole", where=str(path))
    return targets


def _snapshot(
    repository: Repository,
    targets: Metadata[Targets],
    roots: tuple[Root, ...],
    now: datetime,
    lasting: timedelta | None,
) -> tuple[Metadata[Snapshot], bool]:
    """Return the snapshot that names ``targets``, and whether it is a new one."""
    snapshot = repository.newest(Snapshot)
    meta = repository.described(targets)
    if snapshot is None:
        first = Snapshot(1, meta={TARGETS_FILE: meta})
        return Metadata(date(first, now, lasting or default_lifetime("snapshot"))), True
    named = snapshot.signed.meta[TARGETS_FILE]
    if named.version > targets.signed.version:
        raise DataError(
            "the targets are older than the snapshot says",
            where=str(repository.metadata),
            found=f"version {targets.signed.version} instead of {named.version}",
            todo="restore the repository from a backup",
        )
    is_fresh = now < snapshot.signed.expires - lifetime(snapshot.signed) / 2
    if named == meta and is_fresh and lasting is None and not missing_signatures(snapshot, *roots):
        return snapshot, False
    snapshot.signed.meta[TARGETS_FILE] = meta
    renewed(snapshot.signed, now, lasting=lasting)
    snapshot.signatures.clear()
    return snapshot, True


def _sign(metadata: Metadata[OnlineRole], roots: tuple[Root, ...], signatory: Signatory) -> None:
    signatory.sign(metadata, *roots)
    for root in roots:
        require_signed(metadata, root, todo=_TODO)


def can_refresh(root: Root, signatory: Signatory) -> bool:
    """Tell whether the online key is at hand."""
    return signatory.holds(root, "snapshot") and signatory.holds(root, "timestamp")

"""Snapshot and timestamp: what the online key signs, so that clients see the newest targets and that they are new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from skerry_edge.foundation.errors import ConfigError, DataError
from skerry_server.releases.dates import date, default_lifetime, issued, lifetime, renewed
from skerry_server.releases.repository import Repository
from skerry_server.releases.signing import Signatory, missing_signatures, require_signed

OnlineRole = TypeVar("OnlineRole", Snapshot, Timestamp)
TARGETS_FILE = "targets.json"
CLOCK_SLACK = timedelta(minutes=5)
_TODO = "give the folder of the online key: --online-keys DIR"


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """The versions that clients see from now on."""

    targets: int
    snapshot: int
    timestamp: int


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """Who signs when, for which roots; each role ``lasting`` as long as before unless it is named.

    ``leaving`` is how many versions are left free below the new ones, for copies that are to be overtaken by them.
    """

    signatory: Signatory
    now: datetime
    roots: tuple[Root, ...]
    lasting: Mapping[str, timedelta] = field(default_factory=dict)
    leaving: int = 0


def refresh(
    repository: Repository,
    signatory: Signatory,
    now: datetime,
    *more_roots: Root,
    lasting: Mapping[str, timedelta] | None = None,
    leaving: int = 0,
) -> Refreshed:
    """Sign a new timestamp, and a new snapshot where the present one is old or does not name the newest whole targets.

    Both are signed for the newest root, and for each of ``more_roots``: one that is about to be published. Raises
    ConfigError where the online key is not at hand or the clock cannot be right, DataError where no
    targets are whole or somebody else has written the repository's files, ReachError.
    """
    roots = (repository.root().signed, *more_roots)
    targets = newest_whole(repository)
    if missing := missing_signatures(targets, *roots):
        found = f"version {targets.signed.version}, {missing} signatures too few"
        raise DataError("the newest targets are not signed by enough of their keys", found=found)
    _require_clock(repository, roots[-1], targets.signed, now)
    occasion = Occasion(signatory=signatory, now=now, roots=roots, lasting=lasting or {}, leaving=leaving)
    return link(repository, targets, occasion)


def link(repository: Repository, targets: Metadata[Targets], occasion: Occasion) -> Refreshed:
    """Let snapshot and timestamp name ``targets``. Raises ConfigError, DataError and ReachError."""
    snapshot, is_new = _snapshot(repository, targets, occasion)
    if is_new:
        _sign(snapshot, occasion)
        repository.write(snapshot)
    timestamp = repository.timestamp()
    lasting = occasion.lasting.get("timestamp")
    if timestamp is None:
        first = Timestamp(1 + occasion.leaving)
        timestamp = Metadata(date(first, occasion.now, lasting or default_lifetime("timestamp")))
    else:
        timestamp.signed.version += occasion.leaving
        renewed(timestamp.signed, occasion.now, lasting=lasting)
    timestamp.signed.snapshot_meta = repository.described(snapshot)
    _sign(timestamp, occasion)
    repository.write(timestamp)
    return Refreshed(
        targets=targets.signed.version, snapshot=snapshot.signed.version, timestamp=timestamp.signed.version
    )


def _snapshot(
    repository: Repository, targets: Metadata[Targets], occasion: Occasion
) -> tuple[Metadata[Snapshot], bool]:
    """Return the snapshot that names ``targets``, and whether it is a new one."""
    snapshot = repository.snapshot()
    meta = repository.described(targets)
    lasting = occasion.lasting.get("snapshot")
    if snapshot is None:
        _require_beginning(repository, occasion)
        first = Snapshot(1 + occasion.leaving, meta={TARGETS_FILE: meta})
        return Metadata(date(first, occasion.now, lasting or default_lifetime("snapshot"))), True
    named = snapshot.signed.meta[TARGETS_FILE]
    if named.version > targets.signed.version:
        raise DataError(
            "the targets are older than the snapshot says",
            where=str(repository.metadata),
            found=f"version {targets.signed.version} instead of {named.version}",
            todo="restore the repository from a backup",
        )
    is_fresh = occasion.now < snapshot.signed.expires - lifetime(snapshot.signed) / 2
    is_as_asked = lasting is None and not occasion.leaving
    if named == meta and is_fresh and is_as_asked and not missing_signatures(snapshot, *occasion.roots):
        return snapshot, False
    snapshot.signed.meta[TARGETS_FILE] = meta
    snapshot.signed.version += occasion.leaving
    renewed(snapshot.signed, occasion.now, lasting=lasting)
    return snapshot, True


def _require_beginning(repository: Repository, occasion: Occasion) -> None:
    """Refuse to begin at the first versions where there were later ones: devices would take nothing any more."""
    seen = repository.versions("snapshot")[-1:]
    if seen > [1 + occasion.leaving]:
        raise DataError(
            "the timestamp is gone, and with it what devices have seen",
            where=str(repository.metadata / "timestamp.json"),
            todo="restore it from a backup, or overtake: skerry ota refresh --skip-versions 100000",
        )


def seen_by_clients(repository: Repository) -> Refreshed | None:
    """Return the versions that clients see where these are the newest, None where something waits for `refresh`.

    Raises what `newest_whole` raises.
    """
    timestamp, snapshot = repository.timestamp(), repository.snapshot()
    if timestamp is None or snapshot is None or missing_signatures(timestamp, repository.root().signed):
        return None
    targets = newest_whole(repository).signed.version
    if targets != snapshot.signed.meta[TARGETS_FILE].version:
        return None
    return Refreshed(targets=targets, snapshot=snapshot.signed.version, timestamp=timestamp.signed.version)


def newest_whole(repository: Repository) -> Metadata[Targets]:
    """Return the newest targets of which every file is there; newer ones may be on their way from another machine.

    Raises DataError where there are none.
    """
    absent = None
    for targets in repository.signed_targets():
        absent = _absent(repository, targets.signed)
        if absent is None:
            return targets
    if absent is None:
        return repository.newest_targets()  # says that there are none
    raise DataError("a file that the targets name is not there whole", where=str(absent))


def _absent(repository: Repository, targets: Targets) -> Path | None:
    files = ((repository.target_file(target), target.length) for target in targets.targets.values())
    return next((path for path, length in files if not path.is_file() or path.stat().st_size != length), None)


def _require_clock(repository: Repository, root: Root, targets: Targets, now: datetime) -> None:
    """Refuse to sign at a time that cannot be: devices never forget a signed time, and would refuse all after it."""
    for signed in (root, targets):
        if now >= signed.expires:
            raise ConfigError(
                f"the {signed.type} metadata has expired, or this machine's clock is wrong",
                found=f"expired {signed.expires:%Y-%m-%d}, and it is {now:%Y-%m-%d}",
                todo="check the clock; then: skerry ota " + ("rotate-root" if signed is root else "renew"),
            )
    last = repository.timestamp()
    if last is None or missing_signatures(last, root):
        return  # a new online key: with it devices forget the signed time
    if now < issued(last.signed) - CLOCK_SLACK:
        raise ConfigError(
            "this machine's clock is before the last signature",
            found=f"{now:%Y-%m-%d %H:%M} UTC, signed {issued(last.signed):%Y-%m-%d %H:%M}",
            todo="set the clock; or, where that signature was wrong: skerry ota rotate-root --replace online-1",
        )


def _sign(metadata: Metadata[OnlineRole], occasion: Occasion) -> None:
    metadata.signatures.clear()
    occasion.signatory.sign(metadata, *occasion.roots)
    for root in occasion.roots:
        require_signed(metadata, root, todo=_TODO)


def can_refresh(root: Root, signatory: Signatory) -> bool:
    """Tell whether the online key is at hand."""
    return signatory.holds(root, "snapshot") and signatory.holds(root, "timestamp")

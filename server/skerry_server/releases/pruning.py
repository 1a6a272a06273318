"""What no device needs any more: old releases are taken from the list first, and their files removed after a while."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tuf.api.metadata import Metadata, Snapshot, Targets

from skerry_edge.contracts.release import Release, decode_floors, decode_release, full_path
from skerry_server.releases.dates import issued, renewed
from skerry_server.releases.installing import Installed, install_targets, refuse_while_staged
from skerry_server.releases.metadata_files import file_name, read_metadata
from skerry_server.releases.refreshing import TARGETS_FILE
from skerry_server.releases.repository import Repository
from skerry_server.releases.signing import Signatory


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many of the newest releases stay listed, None for all, and for how long files outlive their last list."""

    keep: int | None
    grace: timedelta


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """What pruning would do: the targets that go from the list, and the files that go, by path in the repository."""

    delisted: tuple[str, ...]
    removed: tuple[str, ...]
    freed_bytes: int


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """What pruning did; ``installed`` is how far a shorter list got, None where it stays as it is."""

    delisted: tuple[str, ...]
    installed: Installed | None
    removed: tuple[str, ...]
    freed_bytes: int


def superfluous(targets: Targets, keep: int) -> list[str]:
    """Return the targets that no device takes any more where each has the ``keep`` newest releases to choose from.

    They are counted for each board and variant, or Python and platform, by itself, since a device may be offered
    nothing else; so the newest, the one that is gone back to and those that patches are made from stay. What lies below
    a signed floor counts for nothing. A patch stays as long as the file that it makes: devices have what it is made of.
    """
    listed = {path: decode_release(path, target.custom) for path, target in targets.targets.items()}
    floors = decode_floors(targets.unrecognized_fields).counters
    allowed: dict[tuple[str | None, ...], set[int]] = defaultdict(set)
    for release in listed.values():
        if release.counter >= floors.get(release.subject, 0):
            for choice in _choices(release):
                allowed[choice].add(release.counter)
    kept = {choice: set(sorted(counters)[-keep:]) for choice, counters in allowed.items()}
    needed = {
        path
        for path, release in listed.items()
        if any(release.counter in kept.get(choice, ()) for choice in _choices(release))
    }
    return sorted(path for path, release in listed.items() if full_path(release) not in needed)


def _choices(release: Release) -> Iterator[tuple[str | None, ...]]:
    """Yield what a device chooses among its releases by, once for each board."""
    for board in release.boards:
        yield release.subject, release.variant, release.python, release.abi, release.platform, board


def foresee(repository: Repository, plan: Plan, now: datetime) -> Prospect:
    """Return what `prune` would do. Raises SkerryError where the repository cannot be read."""
    targets = repository.newest_targets().signed
    unneeded = _unneeded(repository, now - plan.grace)
    return Prospect(
        delisted=tuple(superfluous(targets, plan.keep)) if plan.keep else (),
        removed=_names(repository, unneeded),
        freed_bytes=sum(path.stat().st_size for path in unneeded),
    )


def prune(repository: Repository, plan: Plan, signatory: Signatory, now: datetime) -> Pruned:
    """Take old releases from the list, and remove the files that no list has named for long.

    Whoever has seen a list may be loading what it names, so files outlive the last list with them, and so do old lists.
    Where all releases are kept nothing is signed, so no key is needed. All roots stay: devices follow each of them.
    Raises ConfigError where a list is to be signed and no key is at hand, ConflictError where something waits for
    signatures, ReachError.
    """
    with repository.locked():
        refuse_while_staged(repository)
        metadata = repository.newest_targets()
        delisted = superfluous(metadata.signed, plan.keep) if plan.keep else []
        installed = _delist(repository, metadata, delisted, signatory, now) if delisted else None
        unneeded = _unneeded(repository, now - plan.grace)
        freed = sum(path.stat().st_size for path in unneeded)
        for path in unneeded:
            repository.remove(path)
    return Pruned(
        delisted=tuple(delisted), installed=installed, removed=_names(repository, unneeded), freed_bytes=freed
    )


def _delist(
    repository: Repository, metadata: Metadata[Targets], paths: list[str], signatory: Signatory, now: datetime
) -> Installed:
    for path in paths:
        del metadata.signed.targets[path]
    renewed(metadata.signed, now)
    metadata.signatures.clear()
    return install_targets(repository, metadata, signatory, now)


def _names(repository: Repository, paths: list[Path]) -> tuple[str, ...]:
    return tuple(path.relative_to(repository.path).as_posix() for path in paths)


def _unneeded(repository: Repository, before: datetime) -> list[Path]:
    """Return the files that no client can have been led to since ``before``, old lists and then what they named.

    A file that is in no list at all may have come ahead of it from another machine, so it must have lain here for as
    long: that is judged by its inode's time, which copying does not take along.
    """
    served = repository.snapshot()
    if served is None:
        return []
    snapshots = _recent_snapshots(repository, served.signed, before)
    lists = {snapshot.meta[TARGETS_FILE].version for snapshot in snapshots.values()}
    newest = served.signed.meta[TARGETS_FILE].version
    old = [_file(repository, "snapshot", one) for one in repository.versions("snapshot") if one not in snapshots]
    old += [_file(repository, "targets", one) for one in _versions_below(repository, newest) if one not in lists]
    named = set(_named(repository, lists | {one for one in repository.versions("targets") if one > newest}))
    lying = sorted(path for path in repository.targets.rglob("*") if path.is_file() and path not in named)
    return [*old, *(path for path in lying if path.stat().st_ctime < before.timestamp())]


def _recent_snapshots(repository: Repository, served: Snapshot, before: datetime) -> dict[int, Snapshot]:
    """Return the snapshots that were the newest at some time since ``before``, and any that are not served yet.

    They are what leads clients to lists; a list may have been signed long before it was served.
    """
    recent: dict[int, Snapshot] = {}
    until = None
    for version in reversed(repository.versions("snapshot")):
        if version <= served.version and until is not None and until < before:
            break
        snapshot = repository.read(Snapshot, version).signed
        recent[version] = snapshot
        until = issued(snapshot) if version <= served.version else None
    return recent


def _versions_below(repository: Repository, newest: int) -> list[int]:
    return [version for version in repository.versions("targets") if version < newest]


def _file(repository: Repository, role: str, version: int) -> Path:
    return repository.metadata / file_name(role, version)


def _named(repository: Repository, versions: set[int]) -> Iterator[Path]:
    """Yield the files that these lists name, as far as they are here, and those that wait for signatures."""
    here = versions.intersection(repository.versions("targets"))
    paths = [_file(repository, "targets", version) for version in here]
    paths += [path for path in repository.staged() if path.name.endswith(".targets.json")]
    for path in paths:
        for target in read_metadata(path, Targets).signed.targets.values():
            yield repository.target_file(target)

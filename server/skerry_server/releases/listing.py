"""What is published, for people: releases, their patches, floors, and how the roles stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tuf.api.metadata import Root, Snapshot, Timestamp

from skerry_edge.contracts.release import decode_floors, decode_release
from skerry_server.releases.repository import Repository


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One full file that devices can take; ``patches`` are the targets that lead to it from earlier ones."""

    subject: str
    version: str
    counter: int
    boards: tuple[str, ...]
    target: str
    length: int
    sha256: str
    patches: tuple[str, ...]
    minimum_agent: str | None


@dataclass(frozen=True, kw_only=True)
class RoleState:
    """How a role stands: its version, when it expires, and the keys that may sign."""

    role: str
    version: int
    expires: datetime
    threshold: int
    keyids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All of it; the newest release of each name first."""

    releases: tuple[Listed, ...]
    floors: dict[str, int]
    roles: tuple[RoleState, ...]


def listing_of(repository: Repository) -> Listing:
    """Read what the newest targets say, without checking signatures: that is `verify`. Raises SkerryError."""
    targets = repository.newest_targets().signed
    decoded = {path: decode_release(path, target.custom) for path, target in targets.targets.items()}
    leading: dict[str, list[str]] = {}
    for path, release in decoded.items():
        if release.patch is not None:
            leading.setdefault(release.patch.to_sha256, []).append(path)
    releases = [
        Listed(
            subject=release.subject,
            version=release.version,
            counter=release.counter,
            boards=release.boards,
            target=path,
            length=targets.targets[path].length,
            sha256=targets.targets[path].hashes["sha256"],
            patches=tuple(sorted(leading.get(targets.targets[path].hashes["sha256"], ()))),
            minimum_agent=release.minimum_agent,
        )
        for path, release in decoded.items()
        if release.patch is None
    ]
    releases.sort(key=lambda one: (one.subject, -one.counter, one.target))
    return Listing(
        releases=tuple(releases),
        floors=dict(decode_floors(targets.unrecognized_fields).counters),
        roles=tuple(_roles(repository)),
    )


def _roles(repository: Repository) -> list[RoleState]:
    root = repository.root().signed
    newest = (root, repository.newest_targets().signed, *_online(repository))
    return [
        RoleState(
            role=signed.type,
            version=signed.version,
            expires=signed.expires,
            threshold=root.roles[signed.type].threshold,
            keyids=tuple(root.roles[signed.type].keyids),
        )
        for signed in newest
    ]


def _online(repository: Repository) -> list[Snapshot | Timestamp | Root]:
    found = (repository.snapshot(), repository.timestamp())
    return [one.signed for one in found if one is not None]

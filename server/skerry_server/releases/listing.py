"""What is published, for people: releases, their patches, floors, and how the roles stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from skerry_edge.contracts.release import decode_floors, decode_release
from skerry_server.releases.keyring import KeyRing
from skerry_server.releases.metadata_files import Payload, read_metadata
from skerry_server.releases.repository import Repository
from skerry_server.releases.signing import missing_signatures


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
    """How a role stands: its version, when it expires, and the keys that may sign, with their ``names`` in a ring."""

    role: str
    version: int
    expires: datetime
    threshold: int
    keyids: tuple[str, ...]
    names: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Metadata that no client sees yet, and how many signatures it still needs."""

    role: str
    version: int
    missing: int
    threshold: int


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All of it; the newest release of each name first."""

    releases: tuple[Listed, ...]
    floors: dict[str, int]
    roles: tuple[RoleState, ...]
    waiting: tuple[Waiting, ...] = ()


def listing_of(repository: Repository, rings: Sequence[KeyRing] = ()) -> Listing:
    """Read what the newest targets say, and name keys as ``rings`` do; `waiting_of` reads the rest. Raises SkerryError.

    Signatures are not checked: that is `verify`.
    """
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
        roles=tuple(_roles(repository, rings)),
    )


def waiting_of(repository: Repository) -> tuple[Waiting, ...]:
    """Return what waits for signatures. Raises SkerryError where something lies there that is no metadata."""
    return tuple(_waiting(repository))


def _waiting(repository: Repository) -> Iterator[Waiting]:
    root = repository.root().signed
    for path in repository.staged():
        if path.name.endswith(".root.json"):
            coming = read_metadata(path, Root)
            yield _waits(coming, root, coming.signed)
        else:
            yield _waits(read_metadata(path, Targets), root)


def _waits(metadata: Metadata[Payload], *roots: Root) -> Waiting:
    role = metadata.signed.type
    return Waiting(
        role=role,
        version=metadata.signed.version,
        missing=missing_signatures(metadata, *roots),
        threshold=max(root.roles[role].threshold for root in roots),
    )


def _roles(repository: Repository, rings: Sequence[KeyRing]) -> list[RoleState]:
    root = repository.root().signed
    names = {key.keyid: key.name for ring in rings for key in ring.keys.values()}
    newest = (root, repository.newest_targets().signed, *_online(repository))
    return [
        RoleState(
            role=signed.type,
            version=signed.version,
            expires=signed.expires,
            threshold=root.roles[signed.type].threshold,
            keyids=tuple(root.roles[signed.type].keyids),
            names={keyid: names[keyid] for keyid in root.roles[signed.type].keyids if keyid in names},
        )
        for signed in newest
    ]


def _online(repository: Repository) -> list[Snapshot | Timestamp | Root]:
    found = (repository.snapshot(), repository.timestamp())
    return [one.signed for one in found if one is not None]

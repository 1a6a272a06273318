"""What waits for signatures, in words: nobody signs what he has not seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tuf.api.metadata import Root, Targets

from skerry_edge.contracts.release import decode_floors, decode_release
from skerry_server.releases.metadata_files import read_metadata
from skerry_server.releases.repository import Repository


@dataclass(frozen=True, kw_only=True)
class StagedChange:
    """One metadata file that waits, and what it would change, a line for each thing."""

    name: str
    lines: tuple[str, ...]


def staged_changes(repository: Repository) -> list[StagedChange]:
    """Return what signing would change. Raises SkerryError where it cannot be read."""
    changes = []
    for path in repository.staged():
        if path.name.endswith(".root.json"):
            lines = _root_lines(repository.root().signed, read_metadata(path, Root).signed)
        else:
            lines = _targets_lines(repository.newest_targets().signed, read_metadata(path, Targets).signed)
        changes.append(StagedChange(name=path.name, lines=tuple(lines)))
    return changes


def _root_lines(present: Root, coming: Root) -> Iterator[str]:
    for role in present.roles:
        before, after = present.roles[role], coming.roles[role]
        yield from (f"{role}: no key {keyid} any more" for keyid in before.keyids if keyid not in after.keyids)
        yield from (f"{role}: a new key {keyid}" for keyid in after.keyids if keyid not in before.keyids)
        if before.threshold != after.threshold:
            yield f"{role}: {after.threshold} instead of {before.threshold} must sign"
    yield f"root: expires {_day(coming, present)}"


def _targets_lines(present: Targets, coming: Targets) -> Iterator[str]:
    yield from (f"gone: {path}" for path in sorted(set(present.targets) - set(coming.targets)))
    for path, target in sorted(coming.targets.items()):
        if present.targets.get(path) != target:
            release = decode_release(path, target.custom)
            word = "changed" if path in present.targets else "new"
            boards = ", ".join(release.boards)
            yield f"{word}: {path}, counter {release.counter}, for {boards}, sha256 {target.hashes['sha256']}"
    before, after = (decode_floors(one.unrecognized_fields).counters for one in (present, coming))
    yield from (f"floor: {subject} {floor}" for subject, floor in sorted(after.items()) if before.get(subject) != floor)
    yield f"targets: expire {_day(coming, present)}"


def _day(coming: Root | Targets, present: Root | Targets) -> str:
    after, before = (f"{one.expires:%Y-%m-%d}" for one in (coming, present))
    return f"{after} as before" if after == before else f"{after} instead of {before}"

"""What can be rolled out: the releases that the newest signed targets of this server's repository name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from skerry_edge.foundation.nearest import suggestion
from skerry_server.errors import ConflictError, NotFoundError

MAX_NAMED = 5
"""Versions that an error names, newest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """A release in the repository: all its full files together; lengths in bytes by variant or wheel tags."""

    kind: str
    name: str
    version: str
    counter: int
    boards: tuple[str, ...]
    files: Mapping[str, int]


class Catalogue:
    """The releases in the repository in ``folder``; read anew with every question, as publishing changes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def releases(self) -> list[Published]:
        """Return what is published and not forbidden by a floor, newest counters first. Raises SkerryError."""
        # tuf takes half a second to load, and most servers never ask.
        from skerry_server.releases.listing import listing_of  # noqa: PLC0415
        from skerry_server.releases.repository import Repository  # noqa: PLC0415  # as above

        listing = listing_of(Repository(self._folder))
        found: dict[tuple[str, str], Published] = {}
        for one in listing.releases:
            if one.counter < listing.floors.get(one.subject, 0):
                continue
            before = found.get((one.subject, one.version))
            kind, _, name = one.subject.partition("/")
            found[one.subject, one.version] = Published(
                kind=kind,
                name=name,
                version=one.version,
                counter=one.counter,
                boards=tuple(sorted({*one.boards, *(before.boards if before else ())})),
                files={**(before.files if before else {}), PurePosixPath(one.target).stem: one.length},
            )
        return sorted(found.values(), key=lambda one: (one.kind, one.name, -one.counter, one.version))

    def find(self, kind: str, name: str, version: str) -> Published:
        """Return one release. Raises NotFoundError, and SkerryError as `releases` does."""
        published = self.releases()
        for one in published:
            if (one.kind, one.name, one.version) == (kind, name, version):
                return one
        raise NotFoundError(
            "the repository has no such release",
            where=str(self._folder),
            found=f"{kind}/{name} {version}",
            todo=_instead(published, kind, name),
        )


def _instead(published: Sequence[Published], kind: str, name: str) -> str:
    """Return what there is instead of a release that is not there."""
    if versions := [one.version for one in published if (one.kind, one.name) == (kind, name)]:
        return f"it has {', '.join(versions[:MAX_NAMED])}; or publish it first: skerry ota publish"
    names = sorted({one.name for one in published if one.kind == kind})
    return suggestion(name, names, otherwise="publish it first: skerry ota publish")


def completed(wish: Mapping[str, object], catalogue: Catalogue | None) -> dict[str, object]:
    """Return ``wish`` with the counter and the boards that the release is signed with, where it does not name them.

    Raises ConflictError where there is no repository to ask, it says otherwise or the release is for none of some
    boards that are named, and what `Catalogue.find` raises.
    """
    if catalogue is None:
        if wish.get("counter") is None:
            raise ConflictError(
                "this server has no repository of releases",
                where="counter",
                todo="set 'ota.repository' in its configuration, or give the release's counter",
            )
        return dict(wish)
    release = catalogue.find(str(wish.get("kind")), str(wish.get("name")), str(wish.get("version")))
    if wish.get("counter") not in (None, release.counter):
        raise ConflictError(
            "the release is signed with another counter",
            where="counter",
            found=f"{wish['counter']}, not {release.counter}",
        )
    boards: list[str] = list(wish.get("boards") or release.boards)  # type: ignore[call-overload]  # checked by read_spec
    if others := sorted(set(boards) - set(release.boards)):
        raise ConflictError(
            "the release is not signed for these boards",
            where="boards",
            found=", ".join(others),
            todo=f"it is signed for {', '.join(release.boards)}",
        )
    return {**wish, "counter": release.counter, "boards": boards}

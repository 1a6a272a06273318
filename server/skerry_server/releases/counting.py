"""Which release counters and versions are still free; a device never goes below a counter that it has committed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tuf.api.metadata import Targets

from skerry_edge.contracts.release import Release, decode_floors, decode_release, full_path, target_path
from skerry_server.errors import ConflictError


def releases(targets: Targets) -> Iterator[Release]:
    """Yield what each target says of itself. Raises ReleaseError where one cannot be read."""
    for path, target in targets.targets.items():
        yield decode_release(path, target.custom)


def highest_counter(targets: Targets, subject: str) -> int:
    """Return the highest counter that a kind and name ever had here, 0 before the first release."""
    floors = decode_floors(targets.unrecognized_fields)
    taken = [one.counter for one in releases(targets) if one.subject == subject]
    # A floor is the lowest counter that is still allowed, so the one below it may have been published.
    return max([*taken, floors.withdrawn.get(subject, 0), floors.counters.get(subject, 1) - 1])


def check_counters(targets: Targets, offered: Sequence[Release]) -> None:
    """Refuse releases whose counter or version is taken. Raises ConflictError.

    A release may get further files, for another variant or platform, as long as it is the newest of its name.
    """
    listed = list(releases(targets))
    for new in offered:
        same = [one for one in listed if one.subject == new.subject]
        highest = highest_counter(targets, new.subject)
        of_version = {one.counter for one in same if one.version == new.version}
        of_counter = {one.version for one in same if one.counter == new.counter}
        if of_version - {new.counter}:
            raise ConflictError(
                "this version has been published with another counter",
                where=full_path(new),
                found=f"counter {min(of_version)}, not {new.counter}",
                todo="give the version a new number, or publish with its counter",
            )
        if of_counter - {new.version}:
            raise ConflictError(
                "this counter belongs to another version",
                where=full_path(new),
                found=f"{new.counter} is version {min(of_counter)}",
                todo=f"take at least {highest + 1}",
            )
        is_known = any(target_path(one) == target_path(new) for one in same)
        if (new.counter < highest and not is_known) or (new.counter == highest and not of_counter):
            raise ConflictError(
                "the counter must rise with each release",
                where=full_path(new),
                found=f"{new.counter}, where {highest} has been published",
                todo=f"take at least {highest + 1}",
            )

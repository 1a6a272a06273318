"""What a device asks of a repository, and which signed files answer it; fit for a journal."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct

from skerry_edge.contracts.manifest import Sha256
from skerry_edge.contracts.release import Counter, Kind, Length, Release, ReleaseName, ReleaseVersion, VariantName


class Wanted(Struct, frozen=True, kw_only=True):
    """A release by name. ``counter`` is what the order says of it, None where nobody did.

    ``variant`` is that of the backend which the device runs, None for an agent.
    """

    kind: Kind
    name: ReleaseName
    version: ReleaseVersion
    variant: VariantName | None = None
    counter: Counter | None = None

    @property
    def subject(self) -> str:
        """Return the key of its counter, as `model/skerry-signs`."""
        return f"{self.kind}/{self.name}"


class Target(Struct, frozen=True, kw_only=True):
    """A signed file: its target ``path``, its ``location`` below a mirror's `targets/`, its hash and length in bytes.

    ``location`` is no address yet: each part of it is to be quoted.
    """

    path: str
    location: str
    sha256: Sha256
    length: Length


class Choice(Struct, frozen=True, kw_only=True):
    """The ``target`` of a ``release`` for this device; ``patch`` makes it from the file that the device holds.

    ``patch`` is None where there is none from that file; where it does not work out, ``target`` itself is brought.
    """

    release: Release
    target: Target
    patch: Target | None = None
    patch_from_sha256: Sha256 | None = None

    @property
    def total_bytes(self) -> int:
        """Return how many bytes are to be downloaded if all goes well."""
        return self.patch.length if self.patch else self.target.length


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A full file of an earlier release of the same name that the device has."""

    path: str
    sha256: str

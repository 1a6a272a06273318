"""What is to be published: a target's bytes and what they are a release of."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.release import Release
from skerry_server.releases.bundles import single_variant


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One full file to be published."""

    release: Release
    data: bytes

    @property
    def sha256(self) -> str:
        """Return the SHA-256 of the file in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the publisher says of a release; the rest is in the files."""

    counter: int
    boards: tuple[str, ...]
    minimum_agent: str | None = None


def model_offers(path: Path, terms: Terms, variants: Sequence[str] = ()) -> list[Offer]:
    """Return one offer for each variant of the bundle at ``path``, or for those named. Raises BundleError."""
    bundle = Bundle.open(path)
    if strays := bundle.strays():
        raise BundleError("the bundle holds files that its manifest does not name", where=str(path), found=strays[0])
    manifest = bundle.manifest
    offers = []
    for name in variants or sorted(manifest.variants):
        release = Release(
            v=1,
            kind="model",
            name=manifest.name,
            version=manifest.version,
            counter=terms.counter,
            boards=terms.boards,
            variant=name,
            minimum_agent=terms.minimum_agent,
        )
        offers.append(Offer(release=release, data=single_variant(bundle, name)))
    return offers

"""What is to be published: what writes a target's file, and what that is a release of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from skerry_edge.contracts.bundle import Bundle, Content
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.release import Release, full_path
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.nearest import suggestion
from skerry_server.releases.bundles import manifest_of, write_variant
from skerry_server.releases.golden import golden_warning


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One full file to be published; ``content`` writes it piece by piece, since it may be larger than the memory.

    ``warnings`` are for whoever publishes it.
    """

    release: Release
    content: Content
    warnings: tuple[str, ...] = ()

    @classmethod
    def of_bytes(cls, release: Release, data: bytes) -> Offer:
        """Return the offer of a file that is in memory."""

        def content(file: IO[bytes]) -> None:
            file.write(data)

        return cls(release=release, content=content)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the publisher says of a release; the rest is in the files."""

    counter: int
    boards: tuple[str, ...]
    minimum_agent: str | None = None


def model_offers(path: Path, terms: Terms, variants: Sequence[str] = ()) -> list[Offer]:
    """Return one offer for each variant of the bundle at ``path``, or for those named.

    Raises BundleError, and ConfigError where it has no such variant.
    """
    bundle = Bundle.open(path)
    if strays := bundle.strays():
        raise BundleError("the bundle holds files that its manifest does not name", where=str(path), found=strays[0])
    manifest = bundle.manifest
    offers = []
    for name in dict.fromkeys(variants) or sorted(manifest.variants):
        if name not in manifest.variants:
            known = sorted(manifest.variants)
            todo = suggestion(name, known, otherwise=f"it has: {', '.join(known)}")
            raise ConfigError(f"the bundle has no variant '{name}'", where=str(path), todo=todo)
        warning = golden_warning(manifest_of(bundle, name))
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
        warnings = (f"{full_path(release)}: {warning}",) if warning else ()
        offers.append(Offer(release=release, content=partial(write_variant, bundle, name), warnings=warnings))
    return offers

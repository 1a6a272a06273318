"""The models that Skerry knows by name and does not ship, as `data/catalogue.toml` describes them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from skerry_edge.foundation.config import load_toml
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.nearest import suggestion

CATALOGUE = Path(__file__).with_name("data") / "catalogue.toml"

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=64)]
"""A file's name without its ending as well, so nothing that leads elsewhere."""
Text = Annotated[str, Meta(min_length=1)]
Address = Annotated[str, Meta(pattern=r"^https://[^/\s]+/\S*$")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
FileSize = Annotated[int, Meta(gt=0)]


class Download(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file at a public address. ``sizes``, in bytes, are all that it may have.

    Without ``sha256`` the hash of the first download is kept, and later ones must have the same.
    """

    url: Address
    sizes: Annotated[tuple[FileSize, ...], Meta(min_length=1)]
    sha256: Sha256 | None = None


class DarknetEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Darknet network. ``cfg`` None means the file NAME.cfg among Skerry's own; ``labels`` names one of the lists.

    ``width`` and ``height`` are the input's in pixels; ``resize`` says how pictures are brought to them.
    """

    name: Name
    page: Address
    license: Text
    width: Annotated[int, Meta(gt=0)]
    height: Annotated[int, Meta(gt=0)]
    resize: Literal["stretch", "letterbox"]
    labels: str
    weights: Download
    cfg: Download | None = None


class WakeWordEntries(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The models in the wheel of `pymicro-wakeword`, which may be missing."""

    names: tuple[str, ...]
    page: Address
    license: Text


class Catalogue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file; ``labels`` are lists of class names, in the order of a network's classes."""

    labels: dict[str, tuple[Text, ...]]
    network: tuple[DarknetEntry, ...]
    wakeword: WakeWordEntries

    @property
    def darknet(self) -> dict[str, DarknetEntry]:
        """The Darknet networks by name."""
        return {one.name: one for one in self.network}

    def labels_of(self, entry: DarknetEntry) -> tuple[str, ...]:
        """Return the class names of a network."""
        return self.labels[entry.labels]


def read_catalogue(path: Path) -> Catalogue:
    """Read a catalogue. Raises ConfigError naming the place that does not fit, ReachError."""
    catalogue = load_toml(path, Catalogue)
    for place, entry in enumerate(catalogue.network):
        if entry.labels not in catalogue.labels:
            raise ConfigError(
                "the catalogue has no such list of labels",
                where=f"{path}, key 'network[{place}].labels'",
                found=f"'{entry.labels}'",
                todo=suggestion(entry.labels, catalogue.labels, otherwise="add it to [labels]"),
            )
        if catalogue.darknet[entry.name] is not entry:
            where = f"{path}, key 'network[{place}].name'"
            raise ConfigError("two networks of the catalogue have one name", where=where, found=f"'{entry.name}'")
    return catalogue


@functools.lru_cache(maxsize=1)
def known_models() -> Catalogue:
    """Return the catalogue that Skerry ships."""
    return read_catalogue(CATALOGUE)

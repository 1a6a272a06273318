"""The places that a repository can be taken from: below an address, or in a folder such as a USB stick's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.transfer.resumption import require_web_address
from skerry_edge.transfer.source import Source

METADATA = "metadata"
TARGETS = "targets"
_AS_IT_IS = "/%!$&'()*+,;=:@~"
"""A target's path is a relative address already (TUF specification, 4.5); only what would end it is quoted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WebMirror:
    """The addresses below which metadata and targets lie."""

    metadata: str
    targets: str

    def __str__(self) -> str:
        """Return what errors and reports call it."""
        return self.metadata

    def target(self, location: str, length: int) -> Source:
        """Return where a target of ``length`` bytes lies."""
        return Source(url=f"{self.targets.rstrip('/')}/{quote(location, safe=_AS_IT_IS)}", sizes=(length,))


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderMirror:
    """A folder with `metadata/` and `targets/`, as `skerry ota export --usb` writes it."""

    folder: Path

    def __str__(self) -> str:
        """Return what errors and reports call it."""
        return str(self.folder)

    @property
    def metadata(self) -> str:
        """The address of the metadata; the fetcher takes only the last part of one."""
        return f"file://{quote(str(self.folder / METADATA))}/"

    def target(self, location: str) -> Path:
        """Return the file of a target. Raises ReleaseError where its name leads out of the folder."""
        parts = location.split("/")
        if any(part in ("", ".", "..") or "\0" in part for part in parts):
            raise ReleaseError(
                "terms", "a target's name leads out of the mirror", where=str(self.folder), found=repr(location)
            )
        return self.folder.joinpath(TARGETS, *parts)


Mirror = WebMirror | FolderMirror


def parse_mirror(text: str) -> Mirror:
    """Return what ``text`` names: the address of a repository's files, or an absolute folder with them.

    Raises ConfigError.
    """
    if "://" not in text:
        folder = Path(text)
        if not folder.is_absolute():
            raise ConfigError("a mirror is an address or an absolute folder", found=f"'{text}'")
        return FolderMirror(folder=folder)
    base = require_web_address(text).rstrip("/")
    return WebMirror(metadata=f"{base}/{METADATA}/", targets=f"{base}/{TARGETS}/")

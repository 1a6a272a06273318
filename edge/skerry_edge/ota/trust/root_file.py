"""The root of trust as a file that somebody brings: whether a device could begin from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root

from skerry_edge.foundation.errors import ConfigError, ReachError
from skerry_edge.foundation.small_file import read_small
from skerry_edge.ota.trust.keys import doubled_role
from skerry_edge.ota.trust.releases import MAX_ROOT_BYTES

_TODO = "give the file metadata/1.root.json of the repository, or a later root of it"


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustedRoot:
    """A root that its own keys have signed: its text, its version, and until when it is good by itself (UTC)."""

    text: str
    version: int
    expires: datetime


def read_root(path: Path) -> TrustedRoot:
    """Return the root of trust in a file. Raises ReachError, and ConfigError where a device would not begin from it.

    One that has expired will do: a device follows the roots from it to the newest.
    """
    try:
        data = read_small(path, MAX_ROOT_BYTES)
    except OSError as error:
        raise ReachError("cannot read the root of trust", where=str(path), found=error.strerror, todo=_TODO) from error
    try:
        signed = Metadata[Root].from_bytes(data)
        if not isinstance(signed.signed, Root):
            raise ConfigError("this is no root of trust", where=str(path), found=signed.signed.type, todo=_TODO)
        signed.signed.verify_delegate(Root.type, signed.signed_bytes, signed.signatures)
        text = data.decode()
    except (RepositoryError, UnicodeDecodeError) as error:
        raise ConfigError("this is no root of trust", where=str(path), found=_short(error), todo=_TODO) from error
    if (role := doubled_role(signed.signed)) is not None:
        found = f"the role {role} has one key under several ids"
        raise ConfigError("no device takes this root of trust", where=str(path), found=found, todo=_TODO)
    expires = signed.signed.expires.replace(tzinfo=timezone.utc)
    return TrustedRoot(text=text, version=signed.signed.version, expires=expires)


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__

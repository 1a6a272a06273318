"""Key rings: a folder with `keys.json`, which says where the private key of each public one is to be had.

A ring does not say which role a key has: the root of the repository does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from securesystemslib.signer import Key, Signer, SSlibKey

from skerry_edge.contracts.patterns import whole
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ConfigError, DataError, ReachError
from skerry_edge.foundation.small_file import DAMAGED, read_small
from skerry_server.releases.key_files import make_key, open_key
from skerry_server.releases.remote_keys import RemoteKey, open_remote
from skerry_server.releases.secret_names import AskSecret

RING = "keys.json"
FILE = "file:"
_MAX_RING_BYTES = 1 << 20
KEY_NAME = r"^[a-z][a-z0-9-]{0,30}$"

KeyName = Annotated[str, Meta(pattern=whole(KEY_NAME))]


class RingKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key by its name in the ring.

    ``uri`` is `file:NAME.pem` beside the ring, or any private key URI of securesystemslib (`hsm:…`, `awskms:…`,
    `gcpkms:…`, `azurekms:…`). ``public`` is the public key as TUF writes it.
    """

    name: KeyName
    uri: str
    keyid: str
    public: dict[str, Any]

    def key(self) -> Key:
        """Return the public key. Raises DataError where it is none."""
        try:
            return Key.from_dict(self.keyid, dict(self.public))
        except (KeyError, ValueError) as error:
            raise DataError("the key ring holds what is no public key", where=self.name, found=str(error)) from error


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    v: Literal[1]
    keys: tuple[RingKey, ...]


@dataclass(frozen=True, kw_only=True)
class Custody:
    """The two rings that new keys go to; offline ones are encrypted with ``secret`` where there is one."""

    offline: KeyRing
    online: KeyRing
    secret: str | None


class KeyRing:
    """The keys in a folder, opened only when they sign."""

    def __init__(self, folder: Path, keys: Iterable[RingKey] = ()) -> None:
        self.folder = folder
        self.keys = {key.name: key for key in keys}

    @classmethod
    def load(cls, folder: Path) -> KeyRing:
        """Read a ring. Raises ReachError where it cannot be read, DataError where it is none."""
        path = folder / RING
        try:
            file = msgspec.json.decode(read_small(path, _MAX_RING_BYTES), type=_File)
        except OSError as error:
            raise ReachError(
                "cannot read the key ring", where=str(path), found=error.strerror, todo="give its folder: --keys DIR"
            ) from error
        except DAMAGED as error:
            raise DataError("this is no key ring", where=str(path), found=str(error)) from error
        return cls(folder, file.keys)

    def save(self) -> None:
        """Write the ring. Raises ReachError."""
        raw = msgspec.json.format(msgspec.json.encode(_File(v=1, keys=tuple(self.keys.values()))), indent=2)
        write_atomic(self.folder / RING, raw + b"\n", mode=0o600)

    def free_name(self, group: str) -> str:
        """Return the next name for a key of a group; one whose file is there is taken, even where the ring lost it."""
        names = (f"{group}-{number}" for number in count(1))
        return next(name for name in names if name not in self.keys and not (self.folder / f"{name}.pem").exists())

    def add_file_key(self, name: str, passphrase: str | None) -> RingKey:
        """Make a new key in a file of the ring's folder, and keep the ring. Raises ConfigError and ReachError."""
        self._make_folder()
        return self._add(name, f"{FILE}{name}.pem", make_key(self.folder / f"{name}.pem", passphrase))

    def add_remote_key(self, name: str, remote: RemoteKey) -> RingKey:
        """Note a key that another device keeps: a security module or a key service. Raises ConfigError, ReachError."""
        self._make_folder()
        return self._add(name, remote.uri, remote.public)

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ReachError("cannot make the keys' folder", where=str(self.folder), found=error.strerror) from error

    def _add(self, name: str, uri: str, public: SSlibKey) -> RingKey:
        if name in self.keys:
            raise ConfigError("the key ring has such a key already", where=str(self.folder), found=name)
        key = RingKey(name=name, uri=uri, keyid=public.keyid, public=public.to_dict())
        self.keys[name] = key
        self.save()
        return key

    def at_hand(self) -> list[RingKey]:
        """Return the keys that can sign here: a ring is given away whole, with the files of one holder's keys alone."""
        return [key for key in self.keys.values() if not key.uri.startswith(FILE) or self._has(key)]

    def _has(self, key: RingKey) -> bool:
        return os.path.exists(self._file(key))  # noqa: PTH110  # Path.exists() raises for a name too long

    def _file(self, key: RingKey) -> Path:
        return self.folder / key.uri.removeprefix(FILE)

    def signer(self, key: RingKey, ask: AskSecret) -> Signer:
        """Return what signs with ``key``. Raises SkerryError of the family that fits."""
        public = key.key()
        if not isinstance(public, SSlibKey):
            raise DataError("a key of this kind cannot sign here", where=key.name, found=public.keytype)
        if key.uri.startswith(FILE):
            return open_key(self._file(key), public, ask)
        return open_remote(RemoteKey(uri=key.uri, public=public), ask)

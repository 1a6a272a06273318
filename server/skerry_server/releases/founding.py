"""A new repository: its keys, the first root, and an empty list of targets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from securesystemslib.signer import Key
from tuf.api.metadata import Metadata, Root, Targets

from skerry_edge.foundation.errors import ConfigError
from skerry_server.releases.dates import LIFETIME_DAYS, date
from skerry_server.releases.installing import remember
from skerry_server.releases.keyring import Custody, KeyRing
from skerry_server.releases.refreshing import Refreshed, refresh
from skerry_server.releases.remote_keys import RemoteKey
from skerry_server.releases.repository import Repository
from skerry_server.releases.secret_names import AskSecret
from skerry_server.releases.signing import Signatory, require_signed

ONLINE_ROLES = ("snapshot", "timestamp")


@dataclass(frozen=True, kw_only=True)
class Quorum:
    """How many keys an offline role has, and how many of them must sign; ``remote`` ones first, the rest in files."""

    keys: int = 1
    threshold: int = 1
    remote: tuple[RemoteKey, ...] = ()

    def _least(self) -> int:
        return max(self.threshold, len(self.remote))

    def check(self, role: str) -> None:
        """Raise ConfigError where the numbers do not fit together."""
        if self.threshold < 1 or self.keys < self._least():
            raise ConfigError(
                f"these are no numbers for the {role} role",
                found=f"{self.keys} keys ({len(self.remote)} of them remote), {self.threshold} must sign",
                todo=f"at least as many keys as must sign or are remote: --{role}-keys {self._least()}",
            )
        if len({one.public.keyid for one in self.remote}) < len(self.remote):
            raise ConfigError(f"one key is named twice for the {role} role", todo="each key counts once")


@dataclass(frozen=True, kw_only=True)
class Charter:
    """What a repository is founded with; lifetimes in days by role."""

    root: Quorum = field(default_factory=Quorum)
    targets: Quorum = field(default_factory=Quorum)
    online: RemoteKey | None = None
    lifetime_days: dict[str, float] = field(default_factory=lambda: dict(LIFETIME_DAYS))

    def remote(self) -> tuple[RemoteKey, ...]:
        """Return the keys that are kept elsewhere."""
        online = (self.online,) if self.online else ()
        return (*self.root.remote, *self.targets.remote, *online)

    def makes_encrypted_keys(self) -> bool:
        """Tell whether keys of people are made in files."""
        return any(quorum.keys > len(quorum.remote) for quorum in (self.root, self.targets))


def found(repository: Repository, custody: Custody, charter: Charter, ask: AskSecret, now: datetime) -> Refreshed:
    """Make keys and an empty repository.

    The root is what devices are given at their installation: `metadata/1.root.json`. Keys kept elsewhere prove that
    they sign before anything is made. Raises ConfigError where there are keys or a repository already, DataError where
    a key elsewhere is not the public one, and ReachError.
    """
    charter.root.check("root")
    charter.targets.check("targets")
    for ring in (custody.offline, custody.online):
        if ring.folder.resolve().is_relative_to(repository.path.resolve()):
            raise ConfigError("keys do not belong into the folder that is served", where=str(ring.folder))
    if repository.exists():
        raise ConfigError("there is a repository already", where=str(repository.path))
    signatory = Signatory((custody.offline, custody.online), ask)
    for remote in charter.remote():
        signatory.prove(remote)
    repository.make()
    with repository.locked():
        root = Root(1, consistent_snapshot=True)
        for role, quorum in (("root", charter.root), ("targets", charter.targets)):
            for key in _offline_keys(custody, role, quorum):
                root.add_key(key, role)
            root.roles[role].threshold = quorum.threshold
        online_key = _online_key(custody.online, charter.online)
        for role in ONLINE_ROLES:
            root.add_key(online_key, role)
        days = {role: timedelta(days=number) for role, number in charter.lifetime_days.items()}
        todo = "a new repository needs all of its keys at once"
        first_root = Metadata(date(root, now, days["root"]))
        targets = Metadata(date(Targets(1), now, days["targets"]))
        signatory.sign(first_root, root)
        require_signed(first_root, root, todo=todo)
        signatory.sign(targets, root)
        require_signed(targets, root, todo=todo)
        repository.write(targets)
        repository.write(first_root)
        remember(repository)
        return refresh(repository, signatory, now, lasting=days)


def _offline_keys(custody: Custody, role: str, quorum: Quorum) -> list[Key]:
    keys = []
    for number in range(quorum.keys):
        name = f"{role}-{number + 1}"
        if number < len(quorum.remote):
            made = custody.offline.add_remote_key(name, quorum.remote[number])
        else:
            made = custody.offline.add_file_key(name, custody.secret)
        keys.append(made.key())
    return keys


def _online_key(ring: KeyRing, remote: RemoteKey | None) -> Key:
    made = ring.add_remote_key("online-1", remote) if remote else ring.add_file_key("online-1", None)
    return made.key()

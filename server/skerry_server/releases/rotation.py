"""The next root: keys that are replaced, added or dropped, thresholds, and another year until it expires."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import zip_longest

from tuf.api.metadata import Metadata, Root

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.nearest import suggestion
from skerry_server.releases.dates import renewed
from skerry_server.releases.founding import ONLINE_ROLES
from skerry_server.releases.installing import Installed, install_root, refuse_while_staged
from skerry_server.releases.keyring import Custody
from skerry_server.releases.remote_keys import RemoteKey
from skerry_server.releases.repository import Repository
from skerry_server.releases.signing import Signatory

GROUPS = {"root": ("root",), "targets": ("targets",), "online": ONLINE_ROLES}
"""What people name a key after, and the roles that it signs for."""
MIN_KEYID = 8


@dataclass(frozen=True, kw_only=True)
class Change:
    """What the next root changes. ``replace`` and ``drop`` name keys, ``add`` groups of keys: root, targets or online.

    A key is named as in its ring, or by at least eight digits of its key id where it is lost. A key that is replaced or
    dropped counts for nothing once clients have the next root. New keys are the ``remote`` ones in their order, those
    for ``add`` before those for ``replace``, and made in files when there are no more.
    """

    replace: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    thresholds: dict[str, int] = field(default_factory=dict)
    remote: tuple[RemoteKey, ...] = ()
    lasting: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """The new keys by name, the key ids that are revoked, and how far the next root got."""

    made: tuple[str, ...]
    revoked: tuple[str, ...]
    installed: Installed


def rotate_root(
    repository: Repository, custody: Custody, change: Change, signatory: Signatory, now: datetime
) -> Rotated:
    """Make the next root, with new keys where asked for, and publish it when enough old and new keys have signed.

    Raises ConfigError where a key is not known or too few would be left, ConflictError where something waits for
    signatures, ReachError.
    """
    with repository.locked():
        refuse_while_staged(repository)
        root = repository.root().signed
        revoked, wanted = [], list(change.add)
        for name in (*change.replace, *change.drop):
            keyid = _keyid(name, root, custody)
            groups = _revoke(root, keyid)
            revoked.append(keyid)
            wanted += groups if name in change.replace else []
        for group, threshold in change.thresholds.items():
            for role in _roles(group):
                root.roles[role].threshold = threshold
        _check(root, wanted)
        if len(change.remote) > len(wanted):
            found = f"{len(change.remote)} kept elsewhere, {len(wanted)} new ones"
            raise ConfigError("there are more keys than the next root has room for", found=found)
        for remote in change.remote:
            signatory.prove(remote)
        made = [_add(root, group, custody, remote) for group, remote in zip_longest(wanted, change.remote)]
        metadata = Metadata(renewed(root, now, lasting=change.lasting))
        installed = install_root(repository, metadata, signatory, now)
    return Rotated(made=tuple(made), revoked=tuple(revoked), installed=installed)


def _roles(group: str) -> tuple[str, ...]:
    if group not in GROUPS:
        todo = suggestion(group, GROUPS, otherwise=f"one of: {', '.join(GROUPS)}")
        raise ConfigError("there is no such group of keys", found=f"'{group}'", todo=todo)
    return GROUPS[group]


def _keyid(name: str, root: Root, custody: Custody) -> str:
    """Return the id of the root's key with this name in a ring, or whose id begins like this."""
    rings = (custody.offline, custody.online)
    named = {key.name: key.keyid for ring in rings for key in ring.keys.values() if key.keyid in root.keys}
    if name in named:
        return named[name]
    begun = [keyid for keyid in root.keys if len(name) >= MIN_KEYID and keyid.startswith(name)]
    if len(begun) == 1:
        return begun[0]
    raise ConfigError(
        "the root has no such key",
        found=f"'{name}'",
        todo=suggestion(name, named, otherwise=f"its keys are: {', '.join(sorted(named) or sorted(root.keys))}"),
    )


def _revoke(root: Root, keyid: str) -> list[str]:
    """Take a key from all of its roles; return the groups that it was in."""
    groups = []
    for group, roles in GROUPS.items():
        held = [role for role in roles if keyid in root.roles[role].keyids]
        for role in held:
            root.revoke_key(keyid, role)
        groups += [group] if held else []
    return groups


def _add(root: Root, group: str, custody: Custody, remote: RemoteKey | None) -> str:
    ring, secret = (custody.online, None) if group == "online" else (custody.offline, custody.secret)
    name = ring.free_name(group)
    made = ring.add_remote_key(name, remote) if remote else ring.add_file_key(name, secret)
    for role in _roles(group):
        root.add_key(made.key(), role)
    return made.name


def _check(root: Root, wanted: list[str]) -> None:
    added = Counter(role for group in wanted for role in _roles(group))
    for role, keys in root.roles.items():
        number = len(keys.keyids) + added[role]
        if not 1 <= keys.threshold <= number:
            raise ConfigError(
                f"the {role} role could never sign",
                found=f"{number} keys, {keys.threshold} of them must sign",
                todo="replace a key instead of dropping it, or lower the threshold",
            )

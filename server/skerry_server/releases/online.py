"""The server's part: a repository that it keeps fresh by itself with the online key alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from skerry_edge.foundation.errors import ConfigError
from skerry_server.releases.dates import issued
from skerry_server.releases.keyring import KeyRing
from skerry_server.releases.pins import Pins
from skerry_server.releases.refreshing import Refreshed, refresh, seen_by_clients
from skerry_server.releases.repository import Repository
from skerry_server.releases.secret_names import SecretName
from skerry_server.releases.signing import Signatory


@dataclass(frozen=True, kw_only=True)
class OnlineRepository:
    """A repository and the online key, as a server's configuration names them."""

    repository: Repository
    signatory: Signatory

    @classmethod
    def open(cls, repository: Path, keys: Path) -> OnlineRepository:
        """Open both; the online key's file is not encrypted. Raises ConfigError, DataError and ReachError."""
        opened = Repository(repository, pins=Pins((keys,)))
        opened.require()
        return cls(repository=opened, signatory=Signatory((KeyRing.load(keys),), _unattended))

    def refresh_when_due(self, now: datetime, *, every: timedelta) -> Refreshed | None:
        """Sign what is due at ``now`` (UTC) and return the versions, None where nothing is; that is cheap to ask.

        Due is a timestamp that was signed ``every`` ago, and whatever people have signed that clients do not see yet.

        Raises ConfigError where the key is not the root's or the clock cannot be right, ConflictError while somebody
        publishes, DataError where new targets are not whole yet, ReachError.
        """
        if not is_due(self.repository, now, every=every):
            return None
        with self.repository.locked():
            return refresh(self.repository, self.signatory, now)


def is_due(repository: Repository, now: datetime, *, every: timedelta) -> bool:
    """Tell whether the timestamp is ``every`` old, or people have signed something that clients do not see yet."""
    timestamp = repository.timestamp()
    if timestamp is None:
        return True
    return now - issued(timestamp.signed) >= every or seen_by_clients(repository) is None


def _unattended(secret: SecretName) -> str:
    """Return the PIN of the online key's module; a passphrase beside the key that it opens would protect nothing."""
    if secret.kind == "PIN" and (pin := secret.from_environment()):
        return pin
    todo = f"set ${secret.variable}" if secret.kind == "PIN" else "give a ring with a key that is not encrypted"
    raise ConfigError(f"a server has nobody to ask for the {secret.kind} of its key", where=secret.key, todo=todo)

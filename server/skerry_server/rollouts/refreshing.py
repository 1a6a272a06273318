"""The job that keeps a repository fresh: timestamp and snapshot signed anew, in whichever process has the lease."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from skerry_edge.foundation.errors import ConfigError, SkerryError
from skerry_server.config.server import Settings
from skerry_server.health import Health

LOG = logging.getLogger(__name__)
LEASE = "ota-refresh"
REMARK = "ota refresh"
FIRST_RETRY_S, LAST_RETRY_S = 30.0, 900.0


class Refreshing:
    """Calls ``sign`` every ``every_s`` seconds, sooner after a failure; `run` is the work of a LeasedJob.

    A failure is told in the server's health: devices do without for as long as the last timestamp holds, no longer.
    """

    def __init__(self, sign: Callable[[], None], *, every_s: float, health: Health) -> None:
        self._sign = sign
        self._every_s = every_s
        self._health = health

    async def run(self) -> None:
        """Sign until cancelled."""
        failures = 0
        while True:
            failures = 0 if await asyncio.to_thread(self.turn) else failures + 1
            await asyncio.sleep(self.pause_s(failures))

    def turn(self) -> bool:
        """Sign once; tell whether it was done."""
        began_s = time.monotonic()
        try:
            self._sign()
        except SkerryError as error:
            LOG.warning("the repository of releases could not be refreshed: %s", error)
            self._health.remark(REMARK, str(error))
            return False
        self._health.remark(REMARK, None)
        LOG.info("timestamp and snapshot of the releases are signed anew, in %.1f s", time.monotonic() - began_s)
        return True

    def pause_s(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row."""
        if not failures:
            return self._every_s
        return min(FIRST_RETRY_S * 2.0 ** min(failures - 1, 10), LAST_RETRY_S, self._every_s)


def open_refreshing(settings: Settings, health: Health) -> Refreshing | None:
    """Return the job for the repository of this server; None where the online key is elsewhere."""
    repository, keys = settings.ota_repository, settings.ota_online_keys
    if repository is None or keys is None:
        return None
    return Refreshing(lambda: sign_anew(repository, keys), every_s=settings.config.ota.refresh_s, health=health)


def sign_anew(repository: Path, keys: Path) -> None:
    """Sign timestamp and snapshot with the online key in the ring ``keys``. Raises SkerryError."""
    # tuf and its keys take half a second to load, and only one process of all signs.
    from skerry_server.releases.keyring import KeyRing  # noqa: PLC0415
    from skerry_server.releases.refreshing import refresh  # noqa: PLC0415  # as above
    from skerry_server.releases.repository import Repository  # noqa: PLC0415  # as above
    from skerry_server.releases.signing import Signatory  # noqa: PLC0415  # as above

    found = Repository(repository)
    with found.locked():
        refresh(found, Signatory([KeyRing.load(keys)], _nobody_is_there), datetime.now(timezone.utc))


def _nobody_is_there(key: str) -> str:
    raise ConfigError(
        "the online key is encrypted, and a server has nobody to ask for its passphrase",
        where="ota.online_keys",
        found=key,
        todo="give a ring with a key that is not, or one in a security module",
    )

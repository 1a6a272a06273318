"""The job that keeps a repository fresh: timestamp and snapshot signed anew, in whichever process has the lease."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

from skerry_edge.foundation.errors import SkerryError
from skerry_server.config.server import Settings
from skerry_server.health import Health

LOG = logging.getLogger(__name__)
LEASE = "ota-refresh"
REMARK = "ota refresh"
LOOK_S = 20.0
"""How soon what was signed on another machine is seen; to look costs a few milliseconds."""
FIRST_RETRY_S, LAST_RETRY_S = 30.0, 900.0


class Refreshing:
    """Calls ``sign``, which tells whether anything was due, every ``look_s`` seconds; `run` is the work of a LeasedJob.

    After failures it waits longer. They are told in the server's health: devices do without for as long as the last
    timestamp holds, no longer.
    """

    def __init__(self, sign: Callable[[], bool], *, look_s: float, health: Health) -> None:
        self._sign = sign
        self._look_s = look_s
        self._health = health

    async def run(self) -> None:
        """Sign until cancelled."""
        failures = 0
        while True:
            failures = 0 if await asyncio.to_thread(self.turn) else failures + 1
            await asyncio.sleep(self.pause_s(failures))

    def turn(self) -> bool:
        """Sign what is due; tell whether that went well."""
        began_s = time.monotonic()
        try:
            was_due = self._sign()
        except SkerryError as error:
            LOG.warning("the repository of releases could not be refreshed: %s", error)
            self._health.remark(REMARK, str(error))
            return False
        self._health.remark(REMARK, None)
        if was_due:
            LOG.info("timestamp and snapshot of the releases are signed anew, in %.1f s", time.monotonic() - began_s)
        return True

    def pause_s(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row."""
        if not failures:
            return self._look_s
        return max(self._look_s, min(FIRST_RETRY_S * 2.0 ** min(failures - 1, 10), LAST_RETRY_S))


def open_refreshing(settings: Settings, health: Health) -> Refreshing | None:
    """Return the job for the repository of this server; None where the online key is elsewhere."""
    repository, keys = settings.ota_repository, settings.ota_online_keys
    if repository is None or keys is None:
        return None
    every_s = settings.config.ota.refresh_s
    return Refreshing(lambda: sign_when_due(repository, keys, every_s), look_s=min(LOOK_S, every_s), health=health)


def sign_when_due(repository: Path, keys: Path, every_s: float) -> bool:
    """Sign with the online key in the ring ``keys`` what is due, and tell whether anything was. Raises SkerryError."""
    # tuf and its keys take half a second to load, and only one process of all signs.
    from skerry_server.releases.online import OnlineRepository  # noqa: PLC0415

    online = OnlineRepository.open(repository, keys)
    return online.refresh_when_due(datetime.now(timezone.utc), every=timedelta(seconds=every_s)) is not None

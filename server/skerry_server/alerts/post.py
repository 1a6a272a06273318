"""The lookout's post: which lease tells who has it, and what a process without a lookout says while nobody does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from skerry_edge.foundation.errors import SkerryError
from skerry_server.health import Health
from skerry_server.registry.database import Database
from skerry_server.registry.leases import is_taken
from skerry_server.threads import Threads

LEASE = "alerts"
REMARK = "alerts"
ASK_S = 10.0
VACANT_AFTER_S = 60.0
"""A lookout that is killed is followed by another within a third of this; a restart takes no longer either."""
NOBODY_LOOKS = "no process looks at the fleet for alerts: start 'skerry server api' with this registry"


class PostWatch:
    """Tells in the health of an ingest worker when nobody has the post; ``now_s`` is the monotonic clock."""

    def __init__(self, *, database: Database, health: Health, now_s: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._health = health
        self._now_s = now_s
        self._thread = Threads("alerts-post", most=1)
        self._taken_s = now_s()

    async def run(self) -> None:
        """Ask again and again, until cancelled."""
        while True:
            await self._thread.run(self.turn)
            await asyncio.sleep(ASK_S)

    def turn(self) -> None:
        """Ask once; a registry that is away says nothing of the post, and is told of as a part."""
        try:
            with self._database.reading() as session:
                has_somebody = is_taken(session, LEASE)
        except SkerryError:
            has_somebody = True
        if has_somebody:
            self._taken_s = self._now_s()
        is_vacant = self._now_s() - self._taken_s >= VACANT_AFTER_S
        self._health.remark(REMARK, NOBODY_LOOKS if is_vacant else None)

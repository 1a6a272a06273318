"""Posts: jobs of one process among all. What a process that cannot take a post says while nobody has it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from skerry_edge.foundation.errors import SkerryError
from skerry_server.health import Health
from skerry_server.registry.database import Database
from skerry_server.registry.leases import is_taken
from skerry_server.threads import Threads

ASK_S = 10.0
VACANT_AFTER_S = 60.0
"""Whoever is killed in a post is followed by another within a third of this; a restart takes no longer either."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """A job: the lease of whoever does it, what is told where nobody does, and whether there is anything to do."""

    lease: str
    vacancy: str
    is_needed: Callable[[Session], bool]


class PostWatch:
    """Tells in the health of an ingest worker which posts nobody has; ``now_s`` is the monotonic clock."""

    def __init__(
        self,
        posts: Sequence[Post],
        *,
        database: Database,
        health: Health,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._health = health
        self._now_s = now_s
        self._thread = Threads("posts", most=1)
        self._well_s = {post: now_s() for post in posts}

    async def run(self) -> None:
        """Ask again and again, until cancelled."""
        while True:
            await self._thread.run(self.turn)
            await asyncio.sleep(ASK_S)

    def turn(self) -> None:
        """Ask once for each; a registry that is away says nothing of them, and is told of as a part."""
        for post, well_s in self._well_s.items():
            if self._is_well(post):
                well_s = self._well_s[post] = self._now_s()  # noqa: PLW2901  # the newest
            is_vacant = self._now_s() - well_s >= VACANT_AFTER_S
            self._health.remark(post.lease, post.vacancy if is_vacant else None)

    def _is_well(self, post: Post) -> bool:
        try:
            with self._database.reading() as session:
                return is_taken(session, post.lease) or not post.is_needed(session)
        except SkerryError:
            return True

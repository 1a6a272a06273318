"""What the dashboard shows, read once for all pages that are open, and no more often than it changes on them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from skerry_edge.foundation.errors import SkerryError
from skerry_server.api.read import device_out, read_events
from skerry_server.api.schemas import DeviceOut, EventOut
from skerry_server.health import Counts, Health, Part, PartName
from skerry_server.registry.database import Database
from skerry_server.registry.dead_letters import count_dead_letters
from skerry_server.registry.devices import list_devices
from skerry_server.registry.events import EventSearch, count_events_since

REFRESH_S = 0.4
NEWEST_EVENTS = 60
HOUR_MS = 3_600_000


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The fleet at one moment; ``trouble`` says why the lists may be old."""

    devices: list[DeviceOut]
    events: list[EventOut]
    events_last_hour: int
    dead_letters: int
    parts: dict[PartName, Part]
    counts: Counts
    trouble: str | None = None


class Overviews:
    """Gives the newest overview; many pages asking at once cost one reading."""

    def __init__(self, database: Database, health: Health) -> None:
        self._database = database
        self._health = health
        self._lock = asyncio.Lock()
        self._read_at = float("-inf")
        self._newest = Overview(
            devices=[],
            events=[],
            events_last_hour=0,
            dead_letters=0,
            parts=health.parts(),
            counts=health.counts(),
            trouble="nothing read yet",
        )

    async def newest(self) -> Overview:
        """Return an overview at most REFRESH_S old."""
        async with self._lock:
            if time.monotonic() - self._read_at >= REFRESH_S:
                self._newest = await asyncio.to_thread(self._read)
                self._read_at = time.monotonic()
            return self._newest

    def _read(self) -> Overview:
        before = self._newest
        try:
            with self._database.reading() as session:
                return Overview(
                    devices=[device_out(*row) for row in list_devices(session)],
                    events=read_events(session, EventSearch(limit=NEWEST_EVENTS, newest_of_track=True)),
                    events_last_hour=count_events_since(session, time.time_ns() // 1_000_000 - HOUR_MS),
                    dead_letters=count_dead_letters(session),
                    parts=self._health.parts(),
                    counts=self._health.counts(),
                )
        except SkerryError as error:
            # What was read last is still the best that is known; the banner says that it is old.
            return Overview(
                devices=before.devices,
                events=before.events,
                events_last_hour=before.events_last_hour,
                dead_letters=before.dead_letters,
                parts=self._health.parts(),
                counts=self._health.counts(),
                trouble=str(error),
            )

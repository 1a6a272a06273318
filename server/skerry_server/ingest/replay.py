"""Replay: what the spool owes is brought in, oldest first, beside live traffic and no faster than is allowed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from skerry_server.errors import SpoolError
from skerry_server.ingest.attempts import Attempts
from skerry_server.ingest.spool_report import SpoolReport
from skerry_server.ingest.validate import Delivery
from skerry_server.metrics import IngestMetrics
from skerry_server.spool.segment import Segment
from skerry_server.spool.spool import Owed, Spool

LOG = logging.getLogger(__name__)
TURN_S = 0.25
"""How often the spool is looked at while nothing is owed, or can be brought in."""
MAX_CHUNK = 1_000
LOOK_S = 5.0
"""How often the folder is looked at for files that a person put back."""
READ_TRIES = 6
FIRST_READ_PAUSE_S = 0.5
"""Doubled with each try: a file that cannot be read for 15 s is set aside, as one bad file must not stop the others."""

InThread = Callable[[Callable[[], Any]], Awaitable[Any]]


class Replay:
    """Brings in one segment after the other; ``in_thread`` runs what writes where all else that writes runs.

    Nothing of it is written to the spool again: the segment itself stays until the store cannot lose it any more.
    """

    def __init__(
        self,
        *,
        attempts: Attempts,
        spool: Spool,
        report: SpoolReport,
        metrics: IngestMetrics,
        per_s: int,
        in_thread: InThread,
    ) -> None:
        self._attempts = attempts
        self._spool = spool
        self._report = report
        self._metrics = metrics
        self._per_s = per_s
        self._in_thread = in_thread
        self._reached: tuple[Owed, int] | None = None
        self._failed_reads = 0
        self._looked_s = time.monotonic()

    async def run(self) -> None:
        """Bring in what is owed until cancelled."""
        while True:
            owed = await self._in_thread(self._next)
            if owed is None:
                await asyncio.sleep(TURN_S)
            else:
                await self._replay(owed)

    def _next(self) -> Owed | None:
        if self._attempts.hold:
            return None
        try:
            owed = self._spool.first_owed()
            if owed is None and time.monotonic() - self._looked_s >= LOOK_S:
                self._looked_s = time.monotonic()
                self._spool.look_again()
        except SpoolError as error:
            self._report.fails("reading", error)
            return None
        if owed is None:
            self._report.over("reading")
        return owed

    async def _replay(self, owed: Owed) -> None:
        """Bring in a segment, or as much of it as store and registry take now; the rest stays owed."""
        deliveries = await self._read(owed.segment)
        if deliveries is None:
            return
        # Of a slow replay that was interrupted, what is in is not brought in again.
        position = self._reached[1] if self._reached is not None and self._reached[0] == owed else 0
        chunk_size = min(MAX_CHUNK, self._per_s)
        while position < len(deliveries):
            began_s = time.monotonic()
            chunk = deliveries[position : position + chunk_size]
            attempted = await self._in_thread(partial(self._attempts.commit, chunk))
            if attempted.owed or self._spool.generation != owed.generation:
                return
            self._metrics.replayed.add(len(chunk))
            position += len(chunk)
            self._reached = owed, position
            await asyncio.sleep(max(0.0, len(chunk) / self._per_s - (time.monotonic() - began_s)))
        await self._in_thread(partial(self._settle, owed))

    def _settle(self, owed: Owed) -> None:
        try:
            self._spool.settle(owed, time.monotonic())
        except SpoolError as error:
            self._report.fails("deleting", error)
        else:
            self._report.over("deleting")
            self._report.tell()

    async def _read(self, segment: Segment) -> Sequence[Delivery] | None:
        """Return what is in a segment; None where it cannot be read, after a pause or after it was set aside."""
        try:
            contents = await self._in_thread(partial(self._spool.read, segment))
        except SpoolError as error:
            self._report.fails("reading", error)
            self._failed_reads += 1
            if self._failed_reads < READ_TRIES:
                await asyncio.sleep(FIRST_READ_PAUSE_S * 2 ** (self._failed_reads - 1))
                return None
            self._failed_reads = 0
            await self._in_thread(partial(self._set_aside, segment))
            return None
        self._failed_reads = 0
        self._report.over("reading")
        if contents.damaged_bytes:
            LOG.error("the spool is damaged: %d bytes in %s are lost", contents.damaged_bytes, segment.path)
        deliveries: Sequence[Delivery] = contents.deliveries
        return deliveries

    def _set_aside(self, segment: Segment) -> None:
        try:
            self._spool.set_aside(segment)
        except SpoolError as error:
            # It stays where it is, is found again, and is tried again.
            self._report.fails("reading", error)
        else:
            LOG.error(
                "%s cannot be read and is set aside; `skerry server spool take-back` brings it back", segment.path
            )
            self._report.over("reading")

"""Where deliveries wait for their batch: taken together, settled together, in the order in which they came."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple, Protocol

from skerry_server.ingest.validate import Delivery

MAX_BATCH = 5_000
"""Some 10,000 lines, as a heartbeat has one for itself and one for each pipeline.

Five times as many as 1,000 messages take InfluxDB 1.x half as long for each of them, see decision 73. Only a queue that
is this deep makes such a batch.
"""
MAX_BATCH_BYTES = 16 * 1024 * 1024
"""A batch of snapshots is cut here: what is written at once has a size, and the spool's files have one."""
MAX_WAITING_BYTES = 3 * MAX_BATCH_BYTES
"""What has come and is not durable may weigh this much: two batches under way, and one that gathers."""
LINGER_S = 0.02
"""How long a batch that is not full waits for more: brokers send no further message before some are acknowledged."""
MAX_OF_LOST_CONNECTION = 10_000


class Acknowledger(Protocol):
    """The connection that a delivery came over."""

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """Tell the broker that it need not keep these any more; does nothing where the connection is gone."""
        ...


class _Waiting(NamedTuple):
    delivery: Delivery
    packet_id: int | None
    link: Acknowledger


class _Batch(NamedTuple):
    deliveries: Sequence[Delivery]
    waiting: Sequence[_Waiting]


class Intake:
    """A queue between the connection and the worker; to be used within one event loop.

    ``has_room`` is set while more may be put in. It is for whoever reads from the broker to heed: what has been read
    already is taken beyond the limit as well. ``oldest_ms`` is when the oldest was received that is not settled (Unix
    ms), None where all are; it may be read from any thread.
    """

    def __init__(
        self,
        *,
        max_batch: int = MAX_BATCH,
        linger_s: float = LINGER_S,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
    ) -> None:
        self._max_batch = max_batch
        self._linger_s = linger_s
        self._max_waiting_bytes = max_waiting_bytes
        self._waiting_bytes = 0
        self.oldest_ms: int | None = None
        self.has_room = asyncio.Event()
        self.has_room.set()
        self._queue: list[_Waiting] = []
        self._taken: deque[_Batch] = deque()
        self._arrived = asyncio.Event()
        self._is_full = asyncio.Event()
        self._all_settled = asyncio.Event()
        self._all_settled.set()

    def put(self, delivery: Delivery, packet_id: int | None, link: Acknowledger) -> None:
        """Take a delivery; ``link`` acknowledges ``packet_id`` (None at QoS 0) when it is durable."""
        self._queue.append(_Waiting(delivery, packet_id, link))
        self._waiting_bytes += len(delivery.payload)
        if self._waiting_bytes >= self._max_waiting_bytes:
            self.has_room.clear()
        count = len(self._queue)
        if count == 1:
            if not self._taken:
                self.oldest_ms = delivery.received_ms
            self._arrived.set()
            self._all_settled.clear()
        if count >= self._max_batch:
            self._is_full.set()

    @property
    def waiting(self) -> int:
        """How many have come and are not settled."""
        return len(self._queue) + sum(len(batch.waiting) for batch in self._taken)

    async def take(self) -> Sequence[Delivery]:
        """Return the next batch, never an empty one; batches are settled in the order in which they were taken."""
        await self._arrived.wait()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._is_full.wait(), self._linger_s)
        count = self._batch_size()
        taken, self._queue = self._queue[:count], self._queue[count:]
        batch = _Batch([one.delivery for one in taken], taken)
        self._taken.append(batch)
        self._mark()
        return batch.deliveries

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge the batch that `take` returned as ``deliveries``, in the order of arrival.

        Raises AssertionError where it is not the oldest: one that is settled in place of another, which may be nowhere,
        makes every later acknowledgement too early.
        """
        if self._taken[0].deliveries is not deliveries:
            raise AssertionError("a batch is settled while one before it is not durable")
        settled = self._taken.popleft().waiting
        for link, group in groupby(settled, key=lambda one: one.link):
            link.acknowledge([one.packet_id for one in group if one.packet_id is not None])
        self._waiting_bytes -= _payload_bytes(settled)
        self._mark()

    async def drain(self) -> None:
        """Return when everything that arrived is durable."""
        await self._all_settled.wait()

    def shed(self, keep: int = MAX_OF_LOST_CONNECTION) -> int:
        """Let go of all that wait but the oldest ``keep``, and return how many went.

        Only for a lost connection: its acknowledgements reach nobody any more, and the broker sends all again.
        """
        gone, self._queue = self._queue[keep:], self._queue[:keep]
        self._waiting_bytes -= _payload_bytes(gone)
        self._mark()
        return len(gone)

    def _batch_size(self) -> int:
        total = 0
        for count, one in enumerate(self._queue[: self._max_batch]):
            total += len(one.delivery.payload)
            if total > MAX_BATCH_BYTES:
                return max(1, count)
        return min(len(self._queue), self._max_batch)

    def _mark(self) -> None:
        oldest = self._taken[0].waiting if self._taken else self._queue
        self.oldest_ms = oldest[0].delivery.received_ms if oldest else None
        for event, holds in (
            (self._arrived, bool(self._queue)),
            (self._is_full, len(self._queue) >= self._max_batch),
            (self._all_settled, not self._queue and not self._taken),
            (self.has_room, self._waiting_bytes < self._max_waiting_bytes),
        ):
            if holds:
                event.set()
            else:
                event.clear()


def _payload_bytes(waiting: Iterable[_Waiting]) -> int:
    return sum(len(one.delivery.payload) for one in waiting)

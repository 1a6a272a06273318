"""Where deliveries wait for their batch: taken together, settled together, in the order in which they came."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from skerry_server.ingest.validate import Delivery

MAX_BATCH = 5_000
LINGER_S = 0.02
"""How long a batch that is not full waits for more: brokers send no further message before some are acknowledged."""
MAX_OF_LOST_CONNECTION = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Waiting:
    delivery: Delivery
    done: asyncio.Future[None]


class Intake:
    """A queue between the connection and the worker; to be used within one event loop.

    ``put`` returns when its delivery is durable, which lets the acknowledgement go.
    """

    def __init__(self, *, max_batch: int = MAX_BATCH, linger_s: float = LINGER_S) -> None:
        self._max_batch = max_batch
        self._linger_s = linger_s
        self._queue: list[_Waiting] = []
        self._taken: list[_Waiting] = []
        self._arrived = asyncio.Event()
        self._is_full = asyncio.Event()
        self._all_settled = asyncio.Event()
        self._all_settled.set()

    async def put(self, delivery: Delivery) -> None:
        """Return when ``delivery`` is durable, or when its connection is gone, so that it will come again."""
        one = _Waiting(delivery=delivery, done=asyncio.get_running_loop().create_future())
        self._queue.append(one)
        self._mark()
        await one.done

    async def take(self) -> list[Delivery]:
        """Return the next batch, never an empty one, to be settled before another is taken."""
        await self._arrived.wait()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._is_full.wait(), self._linger_s)
        self._taken, self._queue = self._queue[: self._max_batch], self._queue[self._max_batch :]
        self._mark()
        return [one.delivery for one in self._taken]

    def settle(self) -> None:
        """Let the acknowledgements of the batch that was taken go, in the order of arrival."""
        _release(self._taken)
        self._taken = []
        self._mark()

    async def drain(self) -> None:
        """Return when everything that arrived is durable."""
        await self._all_settled.wait()

    def shed(self, keep: int = MAX_OF_LOST_CONNECTION) -> int:
        """Let go of all that wait but the oldest ``keep``, and return how many went.

        Only for a lost connection: its acknowledgements reach nobody any more, and the broker sends all again.
        """
        gone, self._queue = self._queue[keep:], self._queue[:keep]
        _release(gone)
        self._mark()
        return len(gone)

    def abandon(self) -> None:
        """Let go of everything, whether durable or not. Only after the connection was closed for good."""
        self.shed(keep=0)
        self.settle()

    def _mark(self) -> None:
        for event, holds in (
            (self._arrived, bool(self._queue)),
            (self._is_full, len(self._queue) >= self._max_batch),
            (self._all_settled, not self._queue and not self._taken),
        ):
            if holds:
                event.set()
            else:
                event.clear()


def _release(waiting: Iterable[_Waiting]) -> None:
    for one in waiting:
        if not one.done.done():
            one.done.set_result(None)

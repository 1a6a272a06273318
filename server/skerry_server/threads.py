"""Small pools of threads, one for each kind of work: what hangs in one keeps nothing in another waiting."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """At most ``most`` threads, made when they are needed; what comes beyond that waits for one of them.

    asyncio's own pool, which `asyncio.to_thread` takes, has a few threads for the whole process: it is left to jobs
    that have one thing under way each.
    """

    def __init__(self, name: str, *, most: int) -> None:
        self._executor = ThreadPoolExecutor(max_workers=most, thread_name_prefix=f"skerry-{name}")
        self._under_way = 0

    @property
    def under_way(self) -> int:
        """How much is being done or waits for a thread."""
        return self._under_way

    async def run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do ``work`` in one of the threads and return what it returns. Raises what it raises."""
        call = functools.partial(contextvars.copy_context().run, work, *args, **kwargs)
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, call)
        finally:
            self._under_way -= 1

"""Tasks that belong together: started together, and ended together when one of them ends."""

from __future__ import annotations

import asyncio
from typing import Any

AGAIN_S = 0.5


async def end_all(tasks: set[asyncio.Task[Any]]) -> None:
    """Cancel ``tasks`` until all have ended, and raise what the first of them failed with, if one did."""
    pending = tasks
    while pending:
        # Once is not enough: before Python 3.12, `asyncio.wait_for` swallows a cancellation that comes in the moment
        # in which what it waits for ends (https://github.com/python/cpython/issues/86296).
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_S)
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome

"""Tasks that belong together: started together, and ended together when one of them ends."""

from __future__ import annotations

import asyncio
from typing import Any


async def end_all(tasks: set[asyncio.Task[Any]]) -> None:
    """Cancel ``tasks`` and raise what the first of them failed with, if one did."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome

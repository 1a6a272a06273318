"""The check of a server against a simulated fleet: read and compared, again and again while there is time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from skerry_edge.foundation.errors import ReachError
from skerry_server.simulate.comparison import Difference, compare
from skerry_server.simulate.expectation import Expectation
from skerry_server.simulate.shown import read_shown

LOOK_EVERY_S = 0.5


async def find_differences(
    url: str,
    expectation: Expectation,
    *,
    token: str | None,
    wait_s: float,
    progress: Callable[[int], None],
) -> list[Difference]:
    """Return what differs at the server at ``url`` after at most ``wait_s`` seconds; nothing as soon as it agrees.

    Raises ReachError where it does not answer at the end of that time, and DataError.
    """
    end_s = time.monotonic() + wait_s
    while True:
        try:
            shown = await read_shown(url, expectation, token=token, progress=progress)
        except ReachError:
            if time.monotonic() >= end_s:
                raise
        else:
            differences = compare(expectation, shown.devices, shown.dead_letters)
            if not differences or time.monotonic() >= end_s:
                return differences
        await asyncio.sleep(min(LOOK_EVERY_S, max(0.0, end_s - time.monotonic())))

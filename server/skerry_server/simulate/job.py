"""The job of `skerry simulate`: a fleet made, run, ended as ordered, and its expectation written."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skerry_server.health import now_ms
from skerry_server.simulate.device import Ending
from skerry_server.simulate.expectation import Expectation, write_expectation
from skerry_server.simulate.fleet import PICTURES, Fleet
from skerry_server.simulate.link import Access
from skerry_server.simulate.running import FleetRun, Progress
from skerry_server.simulate.trouble import Trouble

SPARE_FILES = 64
"""Open files that the process needs beside its connections."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What is wanted; ``duration_s`` None runs until somebody ends it, ``expect`` is where the expectation goes."""

    devices: int
    rate: float
    seed: int
    trouble: Trouble
    access: Access
    connections: int
    duration_s: float | None
    ending: Ending
    expect: Path | None
    pictures: float = PICTURES


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What the server must show, and what was not as planned: connections that broke, messages that were refused."""

    expectation: Expectation
    interruptions: int
    refused: int


async def play(
    order: Order,
    stop: asyncio.Event,
    *,
    progress: Progress | None = None,
    at_rest: Callable[[Expectation], None] | None = None,
) -> Outcome:
    """Run the fleet until its time is over or ``stop`` is set.

    ``at_rest`` is called where the fleet is to be held, when it has come to rest. Raises BrokerError and ReachError.
    """
    fleet = Fleet(
        order.devices,
        rate=order.rate,
        seed=order.seed,
        trouble=order.trouble,
        start_ms=now_ms(),
        pictures=order.pictures,
    )
    run = FleetRun(fleet, order.access, connections=order.connections)
    try:
        await run.run(stop, duration_s=order.duration_s, progress=progress)
        if order.ending == "hold" and not stop.is_set():
            await run.finish("hold")
            _keep(order, fleet)
            if at_rest is not None:
                at_rest(fleet.expectation())
            await run.hold(stop)
        await run.finish("goodbye" if order.ending == "hold" else order.ending)
    finally:
        run.close()
    _keep(order, fleet)
    return Outcome(expectation=fleet.expectation(), interruptions=run.interruptions, refused=run.refused)


def possible_connections(wanted: int) -> int:
    """Return how many of the ``wanted`` connections this process may open, after asking for as many as it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - SPARE_FILES))


def _keep(order: Order, fleet: Fleet) -> None:
    if order.expect is not None:
        write_expectation(order.expect, fleet.expectation())

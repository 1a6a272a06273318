"""What it costs to accept events durably on a disk, beside what that disk takes for a bare sync."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.outbox.outbox import Outbox
from skerry_edge.contracts.messages import Event

_PAGE = b"\xa5" * 4096
_BUDGET_BYTES = 1 << 30


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptCost:
    """Milliseconds: of each call of `put`, with ``events_per_put`` events, and of each sync of one written page."""

    events_per_put: int
    put_ms: tuple[float, ...]
    sync_ms: tuple[float, ...]


def measure_accept(folder: Path, *, puts: int, events_per_put: int = 1) -> AcceptCost:
    """Have an outbox in ``folder``, which must be empty, accept events such as a detection makes.

    A bare sync follows each call, so that a disk that is busy for a while slows both. Raises OSError where the folder
    cannot be written.
    """
    identity = Identity(site="bench", device="bench", session="00000001-00000000", clock=clock_state)
    put_ms, sync_ms = [], []
    with (folder / "synced").open("wb", buffering=0) as file:
        outbox = Outbox(folder, max_bytes=_BUDGET_BYTES, identity=identity)
        for _ in range(puts):
            outgoing = [(identity.topic("event"), _event(identity)) for _ in range(events_per_put)]
            began_ns = time.perf_counter_ns()
            outbox.put(*outgoing)
            accepted_ns = time.perf_counter_ns()
            file.write(_PAGE)
            os.fsync(file.fileno())
            put_ms.append((accepted_ns - began_ns) / 1e6)
            sync_ms.append((time.perf_counter_ns() - accepted_ns) / 1e6)
        outbox.close()
    return AcceptCost(events_per_put=events_per_put, put_ms=tuple(put_ms), sync_ms=tuple(sync_ms))


def _event(identity: Identity) -> Event:
    return Event(
        **identity.stamp(),
        kind="detection",
        pipeline="gate",
        label="stop",
        score=0.9321,
        box=(0.1, 0.2, 0.3, 0.4),
        phase="begin",
        model="skerry-signs",
        model_version="1.0.0",
        latency_ms=31.25,
    )

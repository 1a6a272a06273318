"""What arrived, read back from the store and the registry, and the judgement whether the whole path is proved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from skerry_edge.foundation.errors import VerdictError
from skerry_server.registry.database import Database
from skerry_server.registry.dead_letters import count_dead_letters
from skerry_server.registry.models import EventRow
from skerry_server.stores.base import Query, Store

MAX_POINTS = 1_000_000
WANTED_KINDS = ("detection", "wakeword")


@dataclass(frozen=True, kw_only=True)
class Event:
    """An event as far as the demo's table is concerned.

    ``latency_ms`` runs from capture to decision, absent where the device gave none; ``delivery_ms`` from capture to
    the server.
    """

    device: str
    kind: str
    label: str
    latency_ms: float | None
    delivery_ms: int


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """Heartbeats by device, all events, and how many messages were refused."""

    heartbeats: Counter[str]
    events: Sequence[Event]
    dead_letters: int


def read_arrivals(store: Store, database: Database) -> Arrivals:
    """Read everything that is stored. Raises StoreError and RegistryError."""
    points = store.query(Query(measurement="heartbeat", limit=MAX_POINTS))
    with database.transaction() as session:
        rows = session.scalars(select(EventRow).order_by(EventRow.id))
        events = [
            Event(
                device=row.device,
                kind=row.kind,
                label=row.label,
                latency_ms=row.latency_ms,
                delivery_ms=row.received_ms - row.ts_ms,
            )
            for row in rows
        ]
        letters = count_dead_letters(session)
    return Arrivals(heartbeats=Counter(one.tags["device"] for one in points), events=events, dead_letters=letters)


def missing(arrivals: Arrivals, *, devices: Sequence[str], agent: str) -> list[str]:
    """Return what is still to arrive: a heartbeat of each device, and one event of each kind from the real agent."""
    lacking = [f"a heartbeat of '{device}'" for device in devices if not arrivals.heartbeats[device]]
    seen = {one.kind for one in arrivals.events if one.device == agent}
    return lacking + [f"a {kind} event of '{agent}'" for kind in WANTED_KINDS if kind not in seen]


def require_all(lacking: Sequence[str], *, hint: str) -> None:
    """Raise VerdictError naming what did not arrive; ``hint`` is what the agent said last."""
    if lacking:
        raise VerdictError(
            "not everything that the demo promises arrived in the store",
            found=f"missing: {', '.join(lacking)}",
            todo=f"the agent's last words: {hint}" if hint else "try a longer --duration",
        )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile of ``values``. Raises ValueError for none."""
    if not values:
        raise ValueError("no values to take a percentile of")
    ordered = sorted(values)
    rank = -(-round(share * 1000) * len(ordered) // 1000)
    return ordered[max(0, rank - 1)]

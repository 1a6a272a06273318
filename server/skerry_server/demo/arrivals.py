"""What arrived, read back from the store and the registry, and the judgement whether the whole path is proved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from skerry_edge.foundation.errors import VerdictError
from skerry_server.demo.agreement import Agreement, Look, Named
from skerry_server.demo.drive import Box
from skerry_server.registry.database import Database
from skerry_server.registry.dead_letters import count_dead_letters
from skerry_server.registry.events import BEGINNINGS
from skerry_server.registry.models import EventRow
from skerry_server.stores.base import Query, Store

MAX_POINTS = 1_000_000
WANTED_KINDS = ("detection", "wakeword")


@dataclass(frozen=True, kw_only=True)
class Event:
    """An event as far as the demo's table is concerned.

    ``latency_ms`` runs from capture to decision, absent where the device gave none; ``delivery_ms`` from capture to
    the server. ``box`` is in shares of the picture, for what has one.
    """

    device: str
    kind: str
    label: str
    ts_ms: int
    box: Box | None
    latency_ms: float | None
    delivery_ms: int


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """Heartbeats by device, all events (of an object that lasts, its begin), and how many messages were refused."""

    heartbeats: Counter[str]
    events: Sequence[Event]
    dead_letters: int

    def named(self, device: str) -> list[Named]:
        """Return what ``device`` detected and where, in the order of time."""
        seen = [one for one in self.events if one.device == device and one.kind == "detection"]
        named = [Named(ts_ms=one.ts_ms, label=one.label, box=one.box) for one in seen if one.box is not None]
        return sorted(named, key=lambda one: one.ts_ms)


def read_arrivals(store: Store, database: Database) -> Arrivals:
    """Read everything that is stored. Raises StoreError and RegistryError."""
    points = store.query(Query(measurement="heartbeat", limit=MAX_POINTS))
    with database.reading() as session:
        rows = session.scalars(select(EventRow).where(EventRow.phase.in_(BEGINNINGS)).order_by(EventRow.id))
        events = [
            Event(
                device=row.device,
                kind=row.kind,
                label=row.label,
                ts_ms=row.ts_ms,
                box=_box(row.box),
                latency_ms=row.latency_ms,
                delivery_ms=row.received_ms - row.ts_ms,
            )
            for row in rows
        ]
        letters = count_dead_letters(session)
    return Arrivals(heartbeats=Counter(one.tags["device"] for one in points), events=events, dead_letters=letters)


def read_looks(store: Store, *, device: str, pipeline: str) -> list[Look]:
    """Return how far a pipeline had come in its source at each of its heartbeats. Raises StoreError."""
    tags = {"device": device, "pipeline": pipeline}
    points = store.query(Query(measurement="inference", tags=tags, limit=MAX_POINTS))
    looks, frames = [], 0
    for one in sorted(points, key=lambda point: point.time_ns):
        frames += round(one.fields["frames"] + one.fields["drops"])
        looks.append(Look(ts_ms=one.time_ns // 1_000_000, frames=frames))
    return looks


def missing(arrivals: Arrivals, *, devices: Sequence[str], agent: str, agreement: Agreement | None) -> list[str]:
    """Return what is lacking: a heartbeat of a device, an event of a kind from the real agent, or its being right."""
    lacking = [f"a heartbeat of '{device}'" for device in devices if not arrivals.heartbeats[device]]
    seen = {one.kind for one in arrivals.events if one.device == agent}
    lacking += [f"a {kind} event of '{agent}'" for kind in WANTED_KINDS if kind not in seen]
    if agreement is not None and not agreement.shown:
        lacking.append("a sign that was passed")
    elif agreement is not None and not agreement.is_good:
        named = f"{agreement.found} of {agreement.shown} shown were named rightly"
        lacking.append(f"half of the signs ({named}, and {agreement.wrong} detections fit none)")
    return lacking


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


def _box(stored: list[float] | None) -> Box | None:
    return None if stored is None else (stored[0], stored[1], stored[2], stored[3])

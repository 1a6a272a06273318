"""The chores: roll-ups and retention of the time-series store, and retention of the registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from skerry_server.config.retention import Retention as RegistryRetention
from skerry_server.config.stores import Telemetry
from skerry_server.registry.database import Database
from skerry_server.registry.retention import purge
from skerry_server.stores.archive import NS_PER_S, Retention, TimeSeriesStore

DAY_NS = 86_400 * NS_PER_S
NS_PER_MS = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What one step did, in words, and whether it found no more work."""

    detail: str
    is_done: bool


class Chore(Protocol):
    """Work that comes in bounded steps."""

    name: str

    def step(self, now_ns: int) -> Step:
        """Do one step. Raises SkerryError."""
        ...


class TelemetryChore:
    """Roll-ups and retention of the time-series store, as far as it takes orders."""

    name = "telemetry"

    def __init__(self, store: TimeSeriesStore, telemetry: Telemetry) -> None:
        self._store = store
        self._retention = Retention(raw_ns=telemetry.raw_days * DAY_NS, rollup_ns=telemetry.rollup_days * DAY_NS)
        self._takes_orders: bool | None = None

    def step(self, now_ns: int) -> Step:
        """Do one step. Raises StoreError."""
        if self._takes_orders is None:
            self._takes_orders = not self._store.probe().can.isdisjoint({"retention", "rollup"})
        if not self._takes_orders:
            # Asked again the next time: it may have been exchanged for one that does.
            self._takes_orders = None
            return Step(detail="the time-series store keeps what it keeps by its own settings", is_done=True)
        tended = self._store.tend(self._retention, now_ns=now_ns)
        return Step(detail=tended.detail, is_done=tended.is_done)


class RegistryChore:
    """Retention of the registry's tables."""

    name = "registry"

    def __init__(self, database: Database, retention: RegistryRetention) -> None:
        self._database = database
        self._retention = retention

    def step(self, now_ns: int) -> Step:
        """Do one step. Raises RegistryError."""
        purged = purge(self._database, self._retention, now_ms=now_ns // NS_PER_MS)
        gone = [f"{count} {what}" for what, count in purged.rows.items() if count]
        return Step(detail=f"let go of {_listed(gone)}" if gone else "nothing to do", is_done=purged.is_done)


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)

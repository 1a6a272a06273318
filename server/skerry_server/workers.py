"""The ingest workers, each as it told of itself, and how ingest does as a whole."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from skerry_edge.foundation.errors import SkerryError
from skerry_server.health import PARTS, Counts, Health, Part, PartName
from skerry_server.registry.database import Database
from skerry_server.registry.worker_health import all_told, forget_worker, tell_health
from skerry_server.threads import Threads

LOG = logging.getLogger(__name__)
TELL_S = 5.0
SILENT_MS = 30_000
"""A worker that has not told of itself for so long has ended without a word, or cannot reach the registry."""

Buckets = list[tuple[str, int]]
"""(upper bound in seconds, how many were up to it), as `metrics.Histogram.read` gives them."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker is: its parts, what went through since it started, and its spool in bytes.

    ``waits_s`` is for how long its oldest message waits that is neither stored nor spooled.
    """

    parts: dict[PartName, Part]
    counts: Counts
    points: int
    spool_bytes: int
    spool_owed_bytes: int
    spool_budget_bytes: int
    lag: Buckets
    batch: Buckets
    waits_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """A worker, and how long ago it told of itself (ms); ``report`` is None where this version cannot read it."""

    name: str
    age_ms: int
    report: Report | None

    @property
    def is_silent(self) -> bool:
        """Tell whether it should have said something since."""
        return self.age_ms > SILENT_MS


class WorkerHealth:
    """Keeps the row of one worker, whose name is that of its session at the broker."""

    def __init__(self, *, database: Database, health: Health, name: str) -> None:
        self._database = database
        self._health = health
        self._name = name
        self._thread = Threads("worker-health", most=1)
        self._is_told = True

    async def run(self) -> None:
        """Tell how the worker is, again and again, until cancelled."""
        while True:
            await self._thread.run(self.tell)
            await asyncio.sleep(TELL_S)

    def tell(self) -> None:
        """Tell how the worker is now; where the registry is away, the next time."""
        try:
            with self._database.transaction() as session:
                tell_health(session, self._name, msgspec.to_builtins(report_of(self._health)))
        except SkerryError as error:
            if self._is_told:
                LOG.info("how this worker is cannot be told: %s", error)
            self._is_told = False
        else:
            self._is_told = True

    def withdraw(self) -> None:
        """Say that the worker ends because it was told to."""
        try:
            with self._database.transaction() as session:
                forget_worker(session, self._name)
        except SkerryError as error:
            LOG.info("this worker ends, and the registry does not know: %s", error)


def report_of(health: Health) -> Report:
    """Return how the worker of this process is."""
    metrics = health.metrics
    return Report(
        parts=health.parts(),
        counts=health.counts(),
        points=metrics.stored.value,
        spool_bytes=round(metrics.spool_bytes.value),
        spool_owed_bytes=round(metrics.spool_owed_bytes.value),
        spool_budget_bytes=round(metrics.spool_budget_bytes.value),
        lag=metrics.lag_seconds.read()[0],
        batch=metrics.batch_seconds.read()[0],
        waits_s=health.waits_s(),
    )


def takes_in(health: Health) -> bool:
    """Tell whether this process is a worker."""
    return "broker" in health.parts()


def own_worker(health: Health) -> list[Worker]:
    """Return the worker of this process as it is now; none where it is no worker."""
    return [Worker(name=health.worker, age_ms=0, report=report_of(health))] if takes_in(health) else []


def read_workers(session: Session, health: Health) -> list[Worker]:
    """Return all workers in the order of their names, that of this process as it is now."""
    own = own_worker(health)
    others = [
        Worker(name=told.name, age_ms=told.age_ms, report=_read(told.report))
        for told in all_told(session)
        if told.name not in {one.name for one in own}
    ]
    return sorted([*own, *others], key=lambda one: one.name)


def joined_parts(workers: Iterable[Worker], *, here: Mapping[PartName, Part] | None = None) -> dict[PartName, Part]:
    """Return the parts that the workers stand on: one is away where it is for any worker that speaks.

    ``here`` are those of a process that is no worker. What is wrong for one of several is said with its name.
    """
    told = [(one.name, one.report.parts) for one in workers if one.report is not None and not one.is_silent]
    everybody: list[tuple[str, Mapping[PartName, Part]]] = [*told, *([] if here is None else [("this server", here)])]
    by_part = {name: [(who, parts[name]) for who, parts in everybody if name in parts] for name in PARTS}
    return {name: _joined(some, with_names=len(everybody) > 1) for name, some in by_part.items() if some}


def joined_counts(workers: Iterable[Worker]) -> Counts:
    """Return what went through all of them since each started; those that are silent do nothing now."""
    reports = [(one.report.counts, one.is_silent) for one in workers if one.report is not None]
    return Counts(
        received=sum(counts.received for counts, _ in reports),
        durable=sum(counts.durable for counts, _ in reports),
        dead=sum(counts.dead for counts, _ in reports),
        spooled=sum(counts.spooled for counts, _ in reports),
        waiting=sum(counts.waiting for counts, _ in reports),
        per_second=sum(counts.per_second for counts, is_silent in reports if not is_silent),
    )


def joined_buckets(buckets: Iterable[Buckets]) -> Buckets:
    """Return cumulated buckets with the same bounds added up."""
    total: dict[str, int] = {}
    for some in buckets:
        for bound, count in some:
            total[bound] = total.get(bound, 0) + count
    return list(total.items())


def spool_percent(report: Report) -> float | None:
    """Return the used share of a worker's spool, None where it has none."""
    return 100.0 * report.spool_bytes / report.spool_budget_bytes if report.spool_budget_bytes else None


def _joined(told: Sequence[tuple[str, Part]], *, with_names: bool) -> Part:
    away = [(worker, part) for worker, part in told if not part.is_ok]
    if not away:
        return max((part for _, part in told), key=lambda part: part.since_ms)
    detail = "; ".join(f"{worker}: {part.detail}" if with_names else part.detail for worker, part in away)
    return Part(is_ok=False, detail=detail, since_ms=min(part.since_ms for _, part in away))


def _read(report: Any) -> Report | None:  # noqa: ANN401  # what JSON holds
    try:
        return msgspec.convert(report, Report)
    except msgspec.ValidationError as error:
        LOG.debug("a worker of another version tells of itself in words that are not known here: %s", error)
        return None

"""How the server itself is: what the header of every page says, and the ingest panel of the overview."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from skerry_edge.foundation.errors import SkerryError
from skerry_server.durations import span
from skerry_server.health import Health, Part, PartName, now_ms
from skerry_server.registry.alerts import count_open_alerts
from skerry_server.registry.database import Database
from skerry_server.registry.dead_letters import count_dead_letters
from skerry_server.registry.silences import active_silences
from skerry_server.ui.rows import NOTHING, clock_time
from skerry_server.ui.shared import Sites
from skerry_server.workers import (
    Worker,
    joined_buckets,
    joined_counts,
    joined_parts,
    own_worker,
    read_workers,
    spool_percent,
    takes_in,
)

TITLES: dict[PartName, str] = {"broker": "Broker", "store": "Store", "registry": "Registry", "spool": "Spool"}
SHARE = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulse:
    """The server at one moment; counts of the registry are None while it cannot be read, and ``trouble`` says why.

    ``workers`` are those that take in what the fleet publishes, in this process or in others; only this one's own is
    known while the registry is away. ``all_silenced`` tells who silenced all alerts, and until when.
    """

    parts: dict[PartName, Part]
    workers: Sequence[Worker]
    open_alerts: dict[str, int] | None
    dead_letters: int | None
    trouble: str | None
    all_silenced: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Chip:
    """A short text of the header about ``name``; ``tone`` is `good`, `bad`, `warn` or `plain`."""

    name: str
    text: str
    tone: str
    href: str | None = None


def read_pulse(database: Database, health: Health, sites: Sites) -> Pulse:
    """Return how the server is. Dead letters belong to no site: they are counted for who has all sites alone."""
    alerts = letters = trouble = silenced = None
    workers = own_worker(health)
    try:
        with database.reading() as session:
            workers = read_workers(session, health)
            alerts = count_open_alerts(session, sites=sites)
            silenced = _silenced(session)
            letters = count_dead_letters(session) if sites is None else None
    except SkerryError as error:
        trouble = str(error)
    parts = joined_parts(workers, here=None if takes_in(health) else health.parts())
    return Pulse(
        parts=parts,
        workers=workers,
        open_alerts=alerts,
        dead_letters=letters,
        trouble=trouble,
        all_silenced=silenced,
    )


def chips(pulse: Pulse) -> list[Chip]:
    """Return what the header shows."""
    shown = [
        Chip(
            name=name,
            text=TITLES[name] if part.is_ok else f"{TITLES[name]} away",
            tone="good" if part.is_ok else "bad",
        )
        for name, part in pulse.parts.items()
    ]
    shown += _worker_chips(pulse)
    if pulse.open_alerts:
        number = sum(pulse.open_alerts.values())
        tone = "bad" if pulse.open_alerts.get("critical") else "warn"
        shown.append(Chip(name="alerts", text=_counted(number, "open alert"), tone=tone, href="/alerts"))
    if pulse.dead_letters is not None:
        tone = "warn" if pulse.dead_letters else "plain"
        text = _counted(pulse.dead_letters, "dead letter")
        shown.append(Chip(name="dead-letters", text=text, tone=tone, href="/dead-letters"))
    return shown


def _worker_chips(pulse: Pulse) -> Iterator[Chip]:
    counts = joined_counts(pulse.workers)
    if pulse.workers:
        yield Chip(name="rate", text=f"{counts.per_second:,.1f} messages/s", tone="plain")
    elif pulse.trouble is None:
        yield Chip(name="workers", text="No worker", tone="bad")
    silent = sum(one.is_silent for one in pulse.workers)
    if silent:
        yield Chip(name="workers", text=f"{_counted(silent, 'worker')} silent", tone="bad")
    store = pulse.parts.get("store")
    if counts.waiting and store is not None and not store.is_ok:
        yield Chip(name="waiting", text=f"{counts.waiting:,} waiting", tone="warn")


def troubles(pulse: Pulse) -> list[str]:
    """Return what the banner says, a sentence for each thing that does not work."""
    said = [f"{TITLES[name]}: {part.detail}" for name, part in pulse.parts.items() if not part.is_ok]
    if not pulse.workers and not pulse.trouble:
        said.append("No worker takes in what devices publish: start 'skerry server ingest'")
    for one in pulse.workers:
        if one.is_silent:
            said.append(f"Worker {one.name} has said nothing for {span(one.age_ms / 1000)}")
        elif one.report is None:
            said.append(f"Worker {one.name} is of another version, and tells of itself what is not known here")
    if pulse.all_silenced:
        said.append(f"Nobody is told of any alert: {pulse.all_silenced}")
    if pulse.trouble:
        said.append(f"What is shown may be old: {pulse.trouble}")
    return said


def _silenced(session: Session) -> str | None:
    """Return who silenced all alerts, and until when; None where nobody has."""
    of_all = [one for one in active_silences(session, now_ms=now_ms()) if not (one.rule or one.device or one.group)]
    if not of_all:
        return None
    last = max(of_all, key=lambda one: one.until_ms)
    return f"silenced until {clock_time(last.until_ms)} by {last.author}" + (
        f", {last.comment}" if last.comment else ""
    )


def ingest_facts(workers: Sequence[Worker]) -> list[tuple[str, str, str]]:
    """Return (name, figure, tone) of what all workers did since each started, and of each where there are several."""
    reports = [one.report for one in workers if one.report is not None]
    if not reports:
        return []
    counts = joined_counts(workers)
    owed = sum(one.spool_owed_bytes for one in reports)
    facts = [
        ("Received", f"{counts.received:,}", "plain"),
        ("Durable", f"{counts.durable:,}", "plain"),
        ("Points stored", f"{sum(one.points for one in reports):,}", "plain"),
        ("Waiting", f"{counts.waiting:,}", "plain"),
        ("Through the spool", f"{counts.spooled:,}", "plain"),
        ("Owed to the store", f"{owed / 1e6:,.1f} MB", "warn" if owed else "plain"),
        ("Refused", f"{counts.dead:,}", "warn" if counts.dead else "plain"),
        ("Lag", _within(joined_buckets(one.lag for one in reports)), "plain"),
        ("Time for a batch", _within(joined_buckets(one.batch for one in reports)), "plain"),
    ]
    return facts + ([_worker_fact(one) for one in workers] if len(workers) > 1 else [])


def _worker_fact(one: Worker) -> tuple[str, str, str]:
    name = f"Worker {one.name}"
    if one.is_silent or one.report is None:
        return name, f"silent for {span(one.age_ms / 1000)}" if one.is_silent else "of another version", "bad"
    used = spool_percent(one.report) or 0.0
    text = f"{one.report.counts.per_second:,.1f} messages/s, spool {used:.0f} % full"
    return name, text, "warn" if one.report.spool_owed_bytes else "plain"


def _within(buckets: Sequence[tuple[str, int]]) -> str:
    """Return within which time 95 of 100 were, from Prometheus's cumulated buckets."""
    total = buckets[-1][1]
    if not total:
        return NOTHING
    bound = next(name for name, up_to in buckets if up_to >= SHARE * total)
    if bound == "+Inf":
        return f"over {float(buckets[-2][0]):g} s"
    seconds = float(bound)
    return f"95 % ≤ {seconds:g} s" if seconds >= 1 else f"95 % ≤ {seconds * 1e3:g} ms"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"

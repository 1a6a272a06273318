"""How the server itself is: what the header of every page says, and the ingest panel of the overview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skerry_edge.foundation.errors import SkerryError
from skerry_server.health import Counts, Health, Part, PartName
from skerry_server.registry.alerts import count_open_alerts
from skerry_server.registry.database import Database
from skerry_server.registry.dead_letters import count_dead_letters
from skerry_server.ui.rows import NOTHING
from skerry_server.ui.shared import Sites

TITLES: dict[PartName, str] = {"broker": "Broker", "store": "Store", "registry": "Registry", "spool": "Spool"}
SHARE = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulse:
    """The server at one moment; counts of the registry are None while it cannot be read, and ``trouble`` says why."""

    parts: dict[PartName, Part]
    counts: Counts
    open_alerts: dict[str, int] | None
    dead_letters: int | None
    trouble: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Chip:
    """A short text of the header about ``name``; ``tone`` is `good`, `bad`, `warn` or `plain`."""

    name: str
    text: str
    tone: str
    href: str | None = None


def read_pulse(database: Database, health: Health, sites: Sites) -> Pulse:
    """Return how the server is. Dead letters belong to no site: they are counted for who has all sites alone."""
    alerts = letters = trouble = None
    try:
        with database.reading() as session:
            alerts = count_open_alerts(session, sites=sites)
            letters = count_dead_letters(session) if sites is None else None
    except SkerryError as error:
        trouble = str(error)
    return Pulse(
        parts=health.parts(), counts=health.counts(), open_alerts=alerts, dead_letters=letters, trouble=trouble
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
    if _takes_in(pulse):
        shown.append(Chip(name="rate", text=f"{pulse.counts.per_second:,.1f} messages/s", tone="plain"))
        store = pulse.parts.get("store")
        if pulse.counts.waiting and store is not None and not store.is_ok:
            shown.append(Chip(name="waiting", text=f"{pulse.counts.waiting:,} waiting", tone="warn"))
    if pulse.open_alerts:
        number = sum(pulse.open_alerts.values())
        tone = "bad" if pulse.open_alerts.get("critical") else "warn"
        shown.append(Chip(name="alerts", text=_counted(number, "open alert"), tone=tone, href="/alerts"))
    if pulse.dead_letters is not None:
        tone = "warn" if pulse.dead_letters else "plain"
        text = _counted(pulse.dead_letters, "dead letter")
        shown.append(Chip(name="dead-letters", text=text, tone=tone, href="/dead-letters"))
    return shown


def troubles(pulse: Pulse) -> list[str]:
    """Return what the banner says, a sentence for each thing that does not work."""
    said = [f"{TITLES[name]}: {part.detail}" for name, part in pulse.parts.items() if not part.is_ok]
    if pulse.trouble:
        said.append(f"What is shown may be old: {pulse.trouble}")
    return said


def ingest_facts(health: Health) -> list[tuple[str, str, str]]:
    """Return (name, figure, tone) of what ingest did since this process started; empty where it takes nothing in."""
    if "broker" not in health.parts():
        return []
    metrics, counts = health.metrics, health.counts()
    dead = sum(metrics.dead.values().values())
    owed = metrics.spool_owed_bytes.value
    return [
        ("Received", f"{metrics.received.value:,}", "plain"),
        ("Durable", f"{metrics.durable.value:,}", "plain"),
        ("Points stored", f"{metrics.stored.value:,}", "plain"),
        ("Waiting", f"{counts.waiting:,}", "plain"),
        ("Through the spool", f"{metrics.spooled.value:,}", "plain"),
        ("Owed to the store", f"{owed / 1e6:,.1f} MB", "warn" if owed else "plain"),
        ("Refused", f"{dead:,}", "warn" if dead else "plain"),
        ("Lag", _within(metrics.lag_seconds.read()[0]), "plain"),
        ("Time for a batch", _within(metrics.batch_seconds.read()[0]), "plain"),
    ]


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


def _takes_in(pulse: Pulse) -> bool:
    return "broker" in pulse.parts


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"

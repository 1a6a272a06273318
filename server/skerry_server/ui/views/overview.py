"""The overview: tiles, devices that need somebody, events, alerts and shares of models and versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from skerry_server.api.schemas import EventOut
from skerry_server.ui.readings import Fleet, News, Spread
from skerry_server.ui.rows import clock_time, device_rows, event_rows, model_text
from skerry_server.ui.views.alerts import open_lines

SHOWN_SHARES = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """A number of the first row; ``tone`` is `good`, `warn`, `bad` or `plain`."""

    name: str
    text: str
    tone: str
    href: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A line of a distribution; ``percent`` is of the largest."""

    name: str
    number: int
    percent: float
    href: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """The newest picture, of which device and what it is."""

    address: str
    device: str
    label: str
    caption: str


def overview_values(news: News, fleet: Fleet, spread: Spread, *, at_ms: int) -> dict[str, Any]:
    """Return what the template needs beside how ingest does."""
    return {
        "tiles": tiles(fleet.states, open_alerts=fleet.open_alerts, events=spread.events_last_hour),
        "picture": newest_picture(news.events),
        "alerts": open_lines(fleet.alerts, at_ms=at_ms),
        "devices": device_rows(fleet.devices, now_ms=at_ms),
        "total": sum(fleet.states.values()),
        "events": event_rows(news.events, sessions=news.sessions),
        "models": shares({model_text(name): number for name, number in spread.models.items()}),
        "versions": shares(spread.versions, href="/devices?version="),
    }


def tiles(states: Mapping[str, int], *, open_alerts: Mapping[str, int], events: int) -> list[Tile]:
    """Return the first row; a state that no device is in is plain."""
    shown = [
        Tile(
            name=state.capitalize(),
            text=f"{states.get(state, 0):,}",
            tone=tone if states.get(state) else "plain",
            href=f"/devices?state={state}",
        )
        for state, tone in (("online", "good"), ("degraded", "warn"), ("offline", "bad"))
    ]
    alerts = sum(open_alerts.values())
    tone = "bad" if open_alerts.get("critical") else "warn" if alerts else "plain"
    shown.append(Tile(name="Open alerts", text=f"{alerts:,}", tone=tone, href="/alerts"))
    shown.append(Tile(name="Events in the last hour", text=f"{events:,}", tone="plain", href="/events"))
    return shown


def shares(numbers: Mapping[str, int], *, href: str | None = None) -> list[Share]:
    """Return the largest SHOWN_SHARES of ``numbers`` and the rest as one; a name is put behind ``href``."""
    ordered = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    largest = ordered[0][1] if ordered else 0
    shown = [
        Share(
            name=name, number=number, percent=100 * number / largest, href=None if href is None else href + quote(name)
        )
        for name, number in ordered[:SHOWN_SHARES]
        if number
    ]
    rest = sum(number for _, number in ordered[SHOWN_SHARES:])
    if rest:
        share = min(100.0, 100 * rest / largest)
        shown.append(Share(name=f"{len(ordered) - SHOWN_SHARES} others", number=rest, percent=share, href=None))
    return shown


def newest_picture(events: Sequence[EventOut]) -> Picture | None:
    """Return the picture that was taken last, None where no event has one."""
    pictured = [one for one in events if one.snapshot is not None]
    if not pictured:
        return None
    newest = max(pictured, key=lambda one: one.snapshot_of or 0)
    taken = clock_time(newest.snapshot_ms or newest.ts_ms)
    return Picture(
        address=newest.snapshot or "",
        device=newest.device,
        label=newest.label,
        caption=f"{newest.device} · {newest.pipeline} · {taken}",
    )

"""What overviews show, read once for all that are open, and no more often than it changes on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from skerry_server.api.read import device_out, read_events
from skerry_server.api.schemas import DeviceOut, EventOut
from skerry_server.health import Health, now_ms
from skerry_server.registry.alerts import AlertSearch, count_open_alerts, list_alerts
from skerry_server.registry.database import Database
from skerry_server.registry.devices import sessions_of
from skerry_server.registry.events import EventSearch, count_events_since
from skerry_server.registry.fleet.distribution import count_by, count_models, count_states
from skerry_server.registry.fleet.listing import DeviceSearch, find_devices
from skerry_server.registry.models import AlertRow
from skerry_server.ui.shared import Shared, Sites
from skerry_server.workers import Worker, read_workers

NEWS_S = 0.4
FLEET_S = 1.0
SPREAD_S = 1.0
SHOWN_DEVICES = 15
SHOWN_EVENTS = 20
SHOWN_ALERTS = 5
STATES = ("offline", "degraded", "online", "unknown")
"""Those that need somebody first."""
HOUR_MS = 3_600_000


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """What changes by the second: newest events with the sessions that their devices are in."""

    events: list[EventOut]
    sessions: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fleet:
    """Devices by state, a few of them, the newest alerts that last, how many do by severity, and the workers."""

    states: Mapping[str, int]
    devices: list[DeviceOut]
    alerts: Sequence[AlertRow]
    open_alerts: Mapping[str, int]
    workers: Sequence[Worker]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """What costs more to count: how many devices have each model and agent version, and the last hour's events."""

    models: Mapping[str, int]
    versions: Mapping[str, int]
    events_last_hour: int


class Readings:
    """What all overviews that are open share."""

    def __init__(self, database: Database, health: Health) -> None:
        self._database = database
        self._health = health
        self.news = Shared(self._read_news, every_s=NEWS_S)
        self.fleet = Shared(self._read_fleet, every_s=FLEET_S)
        self.spread = Shared(self._read_spread, every_s=SPREAD_S)

    def _read_news(self, sites: Sites) -> News:
        with self._database.reading() as session:
            wanted = EventSearch(limit=SHOWN_EVENTS, newest_of_track=True, sites=sites)
            events = read_events(session, wanted)
            return News(events=events, sessions=sessions_of(session, {one.device for one in events}))

    def _read_fleet(self, sites: Sites) -> Fleet:
        with self._database.reading() as session:
            alerts = [
                row
                for state in ("firing", "acknowledged")
                for row in list_alerts(session, AlertSearch(state=state, sites=sites, limit=SHOWN_ALERTS))
            ]
            return Fleet(
                states=count_states(session, sites=sites),
                devices=_needy_first(session, sites),
                alerts=alerts,
                open_alerts=count_open_alerts(session, sites=sites),
                workers=read_workers(session, self._health),
            )

    def _read_spread(self, sites: Sites) -> Spread:
        with self._database.reading() as session:
            return Spread(
                models=count_models(session, sites=sites),
                versions=count_by(session, "agent_version", sites=sites),
                events_last_hour=count_events_since(session, now_ms() - HOUR_MS, sites=sites),
            )


def _needy_first(session: Session, sites: Sites) -> list[DeviceOut]:
    """Return SHOWN_DEVICES devices, of each state only as many as are left room for."""
    found: list[DeviceOut] = []
    for state in STATES:
        left = SHOWN_DEVICES - len(found)
        if left > 0:
            page = find_devices(session, DeviceSearch(state=state, sites=sites, limit=left))
            found += [device_out(*row) for row in page.devices]
    return found

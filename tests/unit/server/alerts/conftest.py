"""A registry with a fleet in it, and a lookout over it whose clock the test turns."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from skerry_server.alerts.channels import Channel
from skerry_server.alerts.history import History
from skerry_server.alerts.judgement import Moment
from skerry_server.alerts.lookout import Lookout
from skerry_server.alerts.post import LEASE
from skerry_server.config.alerts import Alerts, Rule
from skerry_server.errors import ChannelError
from skerry_server.health import Health
from skerry_server.registry.alerts import AlertSearch, list_alerts
from skerry_server.registry.leases import acquire
from skerry_server.registry.models import Device, NotificationRow, PresenceRow

START_MS = 1_700_000_000_000
HEARTBEAT = {"clock": "synced", "board": "pi", "pipelines": []}


class StandInCarrier:
    """Takes notifications, or refuses them while it is told to."""

    def __init__(self):
        self.taken = []
        self.is_away = False

    def send(self, *, severity, title, body):
        if self.is_away:
            raise ChannelError("a channel did not take a notification", found="503")
        self.taken.append((severity, title, body))


@pytest.fixture
def make_channel():
    """Return a function that makes a channel to a stand-in."""

    def make(name="mail", *, severity="info", sites=(), resolved=True):
        return Channel(
            name=name, severity=severity, sites=frozenset(sites), resolved=resolved, carrier=StandInCarrier()
        )

    return make


@pytest.fixture
def put_device(database):
    """Return a function that writes a device as ingest does, its heartbeat with ``vitals``."""

    def put(device="cam-1", *, site="home", state="online", since_ms=START_MS, models=(), reason=None, **vitals):
        with database.transaction() as session:
            session.merge(
                Device(
                    id=device,
                    site=site,
                    first_received_ms=1,
                    board="pi",
                    models=list(models),
                    heartbeat=json.dumps(HEARTBEAT | vitals).encode(),
                )
            )
            session.merge(
                PresenceRow(
                    device=device,
                    state=state,
                    reason=reason,
                    since_ms=since_ms,
                    session="00000001-abcdef01",
                    seq=1,
                    ts_ms=1,
                    is_synced=True,
                )
            )

    return put


class Rig:
    """One process's lookout; `look` turns the clock by so many seconds and looks."""

    def __init__(self, database, store, alerts, channels, holder, health):
        self.database, self.holder = database, holder
        self.health = health
        self.health.metrics.spool_budget_bytes.value = 100.0
        self.now_s = 0.0
        self.lookout = Lookout(
            alerts=alerts,
            channels=channels,
            database=database,
            history=History(store, database),
            health=self.health,
            holder=holder,
            now_ms=lambda: self.now_ms,
        )
        self.take_lease()

    @property
    def now_ms(self):
        return START_MS + round(self.now_s * 1000)

    def take_lease(self):
        with self.database.transaction() as session:
            return acquire(session, LEASE, self.holder, term_ms=3_600_000)

    def look(self, after_s=0.0):
        self.now_s += after_s
        self.lookout.look(Moment(mono_s=1_000.0 + self.now_s, wall_ms=self.now_ms))

    def alerts(self):
        with self.database.reading() as session:
            rows = list_alerts(session, AlertSearch())
            return [(row.rule, row.device, row.subject, row.state) for row in reversed(rows)]

    def rows(self):
        with self.database.reading() as session:
            return list_alerts(session, AlertSearch())

    def notifications(self):
        with self.database.reading() as session:
            rows = session.query(NotificationRow).order_by(NotificationRow.id)
            return [SimpleNamespace(channel=one.channel, title=one.title, body=one.body) for one in rows]


@pytest.fixture
def start(database, store):
    """Return a function that starts a lookout with rules; ``timing`` are fields of the table `alerts`."""

    def start(*rules, channels=(), holder="one", archive=store, health=None, **timing):
        timing = {"group_wait_s": 0.0, "group_interval_s": 0.0} | timing
        alerts = Alerts(with_defaults=False, rule=tuple(Rule(**rule) for rule in rules), **timing)
        return Rig(database, archive, alerts, channels, holder, health or Health(worker="w1"))

    return start

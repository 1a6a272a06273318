"""The lookout: one look after another at the fleet, and what follows from each written in one transaction.

It reads without a lock, decides purely, and writes only where this process still has the lease in that very
transaction: one that was held up and has lost the job meanwhile changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from skerry_edge.foundation.errors import SkerryError
from skerry_server.alerts.channels import Channel
from skerry_server.alerts.digest import Timing
from skerry_server.alerts.fleet import Fleet, Watched, read_fleet
from skerry_server.alerts.history import History
from skerry_server.alerts.judgement import FLAP_WINDOW_MS, Clocks, Key, Memory, Moment, Open, Verdict, judge
from skerry_server.alerts.post import LEASE
from skerry_server.alerts.readings import readings, server_state
from skerry_server.alerts.rules import rules_of
from skerry_server.alerts.telling import Told, tell
from skerry_server.config.alerts import Alerts
from skerry_server.health import Health
from skerry_server.registry.alerts import (
    count_firings,
    fire,
    mark_notified,
    open_alerts,
    over_untold,
    resolve,
    worsen,
)
from skerry_server.registry.database import Database
from skerry_server.registry.leases import is_held
from skerry_server.registry.models import AlertRow, DeadLetterRow, SilenceRow
from skerry_server.registry.notifications import add_notifications
from skerry_server.registry.silences import active_silences
from skerry_server.workers import Worker, read_workers

LOG = logging.getLogger(__name__)
DEAD_LETTER_WINDOW_MS = 60_000
LARGEST_SHARE = 0.1
"""Of the time, however large the fleet: API and dashboard, and with `server run` ingest, have the rest."""
UNTOLD_MS = 86_400_000
"""The end of an alert is told within a day or not at all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What one look at the registry found."""

    fleet: Fleet
    lasting: Sequence[AlertRow]
    over: Sequence[AlertRow]
    silences: Sequence[SilenceRow]
    firings: Mapping[Key, int]
    dead_letters_per_min: float
    workers: Sequence[Worker]


class Lookout:
    """Looks at the fleet every ``interval_s``; `run` is the work of a LeasedJob whose holder is ``holder``."""

    def __init__(
        self,
        *,
        alerts: Alerts,
        channels: Sequence[Channel],
        database: Database,
        history: History,
        health: Health,
        holder: str,
        now_ms: Callable[[], int],
    ) -> None:
        self._interval_s = alerts.interval_s
        self._timing = Timing(
            group_wait_ms=round(alerts.group_wait_s * 1000),
            group_interval_ms=round(alerts.group_interval_s * 1000),
            repeat_ms=round(alerts.repeat_s * 1000),
        )
        self._rules = {rule.name: rule for rule in rules_of(alerts)}
        self._channels = channels
        self._database = database
        self._history = history
        self._health = health
        self._holder = holder
        self._now_ms = now_ms
        self._clocks: Mapping[Key, Clocks] = {}

    async def run(self) -> None:
        """Look until cancelled; what somebody else may have judged meanwhile is waited for anew."""
        self._clocks = {}
        while True:
            began_s = time.monotonic()
            await asyncio.to_thread(self.turn)
            took_s = time.monotonic() - began_s
            self._health.alerts.look_seconds.observe(took_s)
            await asyncio.sleep(pause_s(took_s, interval_s=self._interval_s))

    def turn(self) -> None:
        """Look once. What fails is told in the server's health and tried again with the next look."""
        try:
            self.look(Moment(mono_s=time.monotonic(), wall_ms=self._now_ms()))
        except SkerryError as error:
            self._health.remark(LEASE, str(error))
        else:
            self._health.remark(LEASE, None)

    def look(self, now: Moment) -> None:
        """Look once, and write what follows. Raises RegistryError."""
        seen = self._see(now.wall_ms)
        devices = seen.fleet.devices
        self._note_unreadable(seen.fleet.unreadable)
        self._learn(devices, now.wall_ms)
        server = server_state(seen.workers, dead_letters_per_min=seen.dead_letters_per_min, now_ms=now.wall_ms)
        memory = Memory(
            lasting={
                Key(row.rule, row.device, row.subject): Open(id=row.id, severity=row.severity) for row in seen.lasting
            },
            clocks=self._clocks,
            firings=seen.firings,
        )
        watched = ((rule, readings(rule, devices.values(), self._history, server)) for rule in self._rules.values())
        verdict = judge(watched, memory, now)
        # What changes in this very look is told with a later one, as its row then says.
        changes = {*verdict.over, *verdict.worse}
        told = tell(
            [*(row for row in seen.lasting if row.id not in changes), *seen.over],
            seen.silences,
            devices,
            self._rules,
            self._channels,
            self._timing,
            now_ms=now.wall_ms,
        )
        if self._write(verdict, told, now.wall_ms):
            self._clocks = verdict.clocks

    def _see(self, now_ms: int) -> Seen:
        with self._database.reading() as session:
            since_ms = now_ms - DEAD_LETTER_WINDOW_MS
            dead = session.scalar(select(func.count()).where(DeadLetterRow.last_received_ms > since_ms))
            firings = count_firings(session, since_ms=now_ms - FLAP_WINDOW_MS)
            return Seen(
                fleet=read_fleet(session),
                lasting=open_alerts(session),
                over=over_untold(session, since_ms=now_ms - UNTOLD_MS),
                silences=active_silences(session, now_ms=now_ms),
                firings={Key(*about): count for about, count in firings.items()},
                dead_letters_per_min=float(dead or 0),
                workers=read_workers(session, self._health),
            )

    def _note_unreadable(self, devices: Sequence[str]) -> None:
        some = ", ".join(devices[:3])
        self._health.remark(
            "alerts vitals",
            f"{len(devices)} devices have a heartbeat that this version cannot read: {some}" if devices else None,
        )

    def _learn(self, fleet: Mapping[str, Watched], now_ms: int) -> None:
        try:
            self._history.learn(fleet, now_ms=now_ms)
        except SkerryError as error:
            # What is usual does not change in an hour: rules go on with what is known.
            self._health.remark("alerts history", str(error))
        else:
            self._health.remark("alerts history", None)

    def _write(self, verdict: Verdict, told: Told, now_ms: int) -> bool:
        """Write what follows from a look; tell whether this process still had the job."""
        if not (verdict.began or verdict.worse or verdict.over or told.alerts):
            return True
        with self._database.transaction() as session:
            if not is_held(session, LEASE, self._holder):
                return False
            mark_notified(session, told.alerts, now_ms=now_ms)
            add_notifications(session, told.notifications, now_ms=now_ms)
            began = fire(session, verdict.began, now_ms=now_ms)
            for alert_id, cause in verdict.worse.items():
                worsen(session, alert_id, cause)
            resolve(session, verdict.over, now_ms=now_ms)
        self._health.alerts.fired.add(began)
        if began or verdict.over:
            LOG.info("alerts: %d began, %d are over", began, len(verdict.over))
        return True


def pause_s(took_s: float, *, interval_s: float) -> float:
    """Return how long to wait after a look: for the next interval, and until the looks had no more than their share."""
    return max(interval_s - took_s, took_s * (1 / LARGEST_SHARE - 1))

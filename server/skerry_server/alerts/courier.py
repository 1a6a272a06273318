"""The courier: takes notifications from the registry to their channels, each channel at its own pace.

Whoever takes a notification moves its time on first, so any number of processes may do this at once. A channel that
fails is tried again with growing pauses; it holds up neither the others nor the lookout.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence

from skerry_edge.foundation.backoff import Backoff, is_worth_logging
from skerry_edge.foundation.errors import SkerryError
from skerry_server.alerts.channels import Channel
from skerry_server.errors import ChannelError
from skerry_server.health import Health
from skerry_server.registry.alerts import Severity
from skerry_server.registry.database import Database
from skerry_server.registry.models import NotificationRow
from skerry_server.registry.notifications import claim_due, give_up_older, has_due, put_off, remove_notification
from skerry_server.threads import Threads

LOG = logging.getLogger(__name__)
REMARK = "alerts courier"
PAUSE_S = 1.0
BATCH = 20
HOLD_MS = 300_000
"""For so long nobody else tries what one process has taken; longer than all of a batch can take."""
BACKOFF = Backoff(first_s=10.0, max_s=600.0)
GIVE_UP_MS = 86_400_000
GIVE_UP_EVERY_S = 60.0


class Courier:
    """Brings what is due to its channels."""

    def __init__(
        self,
        *,
        channels: Sequence[Channel],
        database: Database,
        health: Health,
        now_ms: Callable[[], int],
        backoff: Backoff = BACKOFF,
    ) -> None:
        self._channels = channels
        self._database = database
        self._health = health
        self._now_ms = now_ms
        self._backoff = backoff
        # One for each channel: Apprise waits as long as a channel's server lets it.
        self._threads = Threads("courier", most=len(channels) + 1)
        for channel in channels:
            health.alerts.expect(channel.name)

    async def run(self) -> None:
        """Bring what is due, until cancelled; no channel waits for another."""
        await asyncio.gather(self._give_up_often(), *(self._serve(channel) for channel in self._channels))

    async def _serve(self, channel: Channel) -> None:
        while True:
            await self._threads.run(self.turn, channel)
            await asyncio.sleep(PAUSE_S)

    async def _give_up_often(self) -> None:
        while True:
            await self._threads.run(self.give_up)
            await asyncio.sleep(GIVE_UP_EVERY_S)

    def turn(self, channel: Channel) -> None:
        """Bring what is due for ``channel`` now, in its order; after a failure the rest waits as well."""
        try:
            rows = self._take(channel.name)
            for index, row in enumerate(rows):
                reason = self._try(channel, row)
                if reason is not None:
                    self._put_off(rows[index:], reason)
                    break
        except SkerryError as error:
            # What was taken comes again when its time has passed.
            self._health.remark(REMARK, str(error))
        else:
            self._health.remark(REMARK, None)

    def give_up(self) -> None:
        """Forget what nobody could be told for a day, and what is for channels that are gone."""
        try:
            with self._database.transaction() as session:
                rows = give_up_older(session, than_ms=self._now_ms() - GIVE_UP_MS)
        except SkerryError as error:
            self._health.remark(REMARK, str(error))
            return
        self._health.remark(REMARK, None)
        for row in rows:
            self._health.alerts.given_up.add(row.channel)
            LOG.error("a notification for channel '%s' is given up after a day: %s", row.channel, row.title)

    def _take(self, channel: str) -> list[NotificationRow]:
        now_ms = self._now_ms()
        with self._database.reading() as session:
            if not has_due(session, channel, now_ms=now_ms):
                return []
        with self._database.transaction() as session:
            return claim_due(session, channel, now_ms=now_ms, hold_ms=HOLD_MS, limit=BATCH)

    def _try(self, channel: Channel, row: NotificationRow) -> str | None:
        """Bring one notification; return why it is to be tried again, None where it is not."""
        severity: Severity = row.severity  # type: ignore[assignment]  # only `add_notifications` writes this column
        try:
            channel.carrier.send(severity=severity, title=row.title, body=row.body)
        except ChannelError as error:
            return str(error)
        self._health.alerts.sent.add(channel.name)
        self._health.remark(_remark(channel.name), None)
        with self._database.transaction() as session:
            remove_notification(session, row.id)
        return None

    def _put_off(self, rows: Sequence[NotificationRow], reason: str) -> None:
        first = rows[0]
        attempts = first.attempts + 1
        due_ms = self._now_ms() + round(1000 * self._backoff.delay_s(attempts, random.random()))  # noqa: S311  # no secret
        with self._database.transaction() as session:
            put_off(session, first.id, due_ms=due_ms, attempts=attempts, error=reason)
            for row in rows[1:]:
                put_off(session, row.id, due_ms=due_ms, attempts=row.attempts, error=row.error)
        self._health.alerts.failed.add(first.channel)
        self._health.remark(_remark(first.channel), f"{attempts} times in a row: {reason}")
        if is_worth_logging(attempts):
            LOG.warning("%s; attempt %d, %d wait", reason, attempts, len(rows))


def _remark(channel: str) -> str:
    return f"alerts channel '{channel}'"

"""Sends what waits in the registry: commands from where they were ordered, desired states from one process alone."""

from __future__ import annotations

import asyncio
import logging
import time

from skerry_edge.foundation.errors import SkerryError
from skerry_server.downlink.delivery import Due, deliver, due_commands, due_desired
from skerry_server.downlink.messages import Outgoing
from skerry_server.downlink.publisher import Publisher
from skerry_server.errors import BrokerError
from skerry_server.health import now_ms
from skerry_server.ingest.consumer import retry_delay_s
from skerry_server.ingest.link import Access
from skerry_server.leased_job import LeasedJob
from skerry_server.registry.database import Database
from skerry_server.tasks import end_all

LOG = logging.getLogger(__name__)
LEASE = "downlink"
LOOK_EVERY_S = 2.0
MAX_NOTICES = 1000


class Downlink:
    """The rows are the queue: whatever ends in between, what was ordered is sent, at least once.

    Devices know a command again by its id and a desired state by its version, so sending twice does no harm. Desired
    states are retained, and the one that is published last stays: only the process that holds the lease publishes them,
    or another could overtake it, and if it died before it had noted that, an old version would stay for good.
    """

    def __init__(self, access: Access, database: Database) -> None:
        self._access = access
        self._database = database
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._notices: list[Outgoing] = []
        self._trouble: str | None = None
        self._has_lease = False
        self._job = LeasedJob(database=database, name=LEASE, holder=access.client_id, work=self._look)

    def wake(self) -> None:
        """Have what was just committed sent now; may be called from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._woken.set)

    def tell(self, notice: Outgoing) -> None:
        """Publish what no row stands for, such as that a retained message is to go; lost where the broker is away."""
        if self._loop is not None and len(self._notices) < MAX_NOTICES:
            self._loop.call_soon_threadsafe(self._notices.append, notice)
            self.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until ``stop`` is set; a broker or a registry that is away is tried again and again."""
        self._loop = asyncio.get_running_loop()
        tasks = {asyncio.create_task(self._send()), asyncio.create_task(self._job.run())}
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end_all({stopping, *tasks})
            self._job.give_up()

    async def _send(self) -> None:
        delay_s: float | None = None
        while True:
            began_s = time.monotonic()
            try:
                await self._connection()
            except SkerryError as error:
                self._note_trouble(error)
            delay_s = retry_delay_s(delay_s, lasted_s=time.monotonic() - began_s)
            await asyncio.sleep(delay_s)

    async def _look(self) -> None:
        """Look for what others left, and for what is desired, while this process has the lease."""
        self._has_lease = True
        try:
            while True:
                self._woken.set()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            self._has_lease = False

    async def _connection(self) -> None:
        publisher = Publisher(self._access)
        try:
            await publisher.connect()
            while not publisher.is_lost:
                await self._round(publisher)
                self._trouble = None
                await self._pause()
        finally:
            await publisher.close()
        raise BrokerError("the MQTT broker ended the connection", where=str(self._access.address))

    async def _round(self, publisher: Publisher) -> None:
        if not self._woken.is_set():
            return
        self._woken.clear()
        try:
            while self._notices:
                await publisher.publish(self._notices[0])
                self._notices.pop(0)
            while dues := await asyncio.to_thread(self._due):
                await deliver(publisher, self._database, dues, now_ms)
        except SkerryError:
            # It waits for the next connection.
            self._woken.set()
            raise

    def _due(self) -> list[Due]:
        desired = due_desired(self._database) if self._has_lease else []
        return desired + due_commands(self._database, now_ms=now_ms())

    async def _pause(self) -> None:
        """Wait until there is something to do, or to see whether the connection is still there."""
        waiting = asyncio.ensure_future(self._woken.wait())
        await asyncio.wait({waiting}, timeout=LOOK_EVERY_S)
        waiting.cancel()

    def _note_trouble(self, error: SkerryError) -> None:
        if str(error) != self._trouble:
            self._trouble = str(error)
            LOG.warning("what goes to devices waits: %s", error)

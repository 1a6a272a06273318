"""The server's processes: everything in one, one ingest worker, or API, dashboard, alerts and rollouts alone."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any

from skerry_edge.foundation.redaction import redact
from skerry_server.access import downlink_access, sole_access, worker_access
from skerry_server.alerts.post import LOOKOUT
from skerry_server.config.server import Settings
from skerry_server.config.stores import SqliteStore
from skerry_server.downlink.downlink import Downlink
from skerry_server.health import PARTS, Health
from skerry_server.ingest.link import Access
from skerry_server.ingest.watch import Watch
from skerry_server.ingesting import Ingesting
from skerry_server.post_watch import PostWatch
from skerry_server.probes import Probes
from skerry_server.registry.opening import open_registry
from skerry_server.rollouts.post import BRINGER
from skerry_server.stores.opening import open_store
from skerry_server.tasks import end_all
from skerry_server.workers import WorkerHealth

WEB_CONNECTIONS = 10
"""To the registry, for all requests and pages at once."""


class ServerProcess(ABC):
    """What all three stand on: a store, a registry, and how they are.

    Raises ConfigError and MissingError for settings that cannot work, ReachError where a port or the spool is taken.
    """

    def __init__(self, settings: Settings, health: Health) -> None:
        self.settings = settings
        self.health = health
        self.store = open_store(settings)
        self.database = open_registry(settings)

    @property
    def store_place(self) -> str:
        """Where time series go, without secrets."""
        config = self.settings.config.store
        return str(self.settings.store_path) if isinstance(config, SqliteStore) else redact(config.url)

    @abstractmethod
    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, and close."""

    def close(self) -> None:
        """Let go of store and registry."""
        self.store.close()
        self.database.close()


class WebProcess(ServerProcess):
    """What has API and dashboard: these have connections to the registry of their own.

    Slow reads of many viewers may take all of them; those of ingest, and of the leases that jobs hold, are left.
    """

    def __init__(self, settings: Settings, health: Health) -> None:
        super().__init__(settings, health)
        self.web_database = open_registry(settings, connections=WEB_CONNECTIONS)

    def close(self) -> None:
        """Let go of store and registry."""
        self.web_database.close()
        super().close()


class FleetServer(WebProcess):
    """Everything in one process: the whole fleet's ingest, API and dashboard."""

    def __init__(self, settings: Settings) -> None:
        access = sole_access(settings)
        super().__init__(settings, _worker_health(settings, access))
        from skerry_server.alerts.alerting import Alerting  # noqa: PLC0415  # a worker must not carry its weight
        from skerry_server.rollouts.duties import UpdateDuties  # noqa: PLC0415  # as above
        from skerry_server.serving import Serving  # noqa: PLC0415  # as above

        self._downlink = Downlink(downlink_access(settings), self.database)
        self._serving = Serving(
            settings, store=self.store, database=self.web_database, health=self.health, downlink=self._downlink
        )
        self._alerting = Alerting(settings, store=self.store, database=self.database, health=self.health)
        self._updating = UpdateDuties(settings, store=self.store, database=self.database, health=self.health)
        self._ingesting = Ingesting(settings, access, store=self.store, database=self.database, health=self.health)
        self._telling = WorkerHealth(database=self.database, health=self.health, name=access.client_id)

    @property
    def url(self) -> str:
        """The dashboard's address."""
        return self._serving.url

    @property
    def sign_in(self) -> str:
        """Who must sign in, in words."""
        return self._serving.sign_in

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set, then let what arrived become durable, bounded in time, and close."""
        above = (self._serving.run, self._downlink.run, self._alerting.run, self._updating.run)
        await _together(stop, self._ingesting.run, *above, _endless(self._telling.run))
        self._telling.withdraw()
        self.close()


class IngestServer(ServerProcess):
    """One ingest worker among any number; it keeps nothing but its spool."""

    def __init__(self, settings: Settings) -> None:
        self.access = worker_access(settings)
        super().__init__(settings, _worker_health(settings, self.access))
        self._ingesting = Ingesting(settings, self.access, store=self.store, database=self.database, health=self.health)
        self._telling = WorkerHealth(database=self.database, health=self.health, name=self.access.client_id)
        self._post_watch = PostWatch((LOOKOUT, BRINGER), database=self.database, health=self.health)
        port = settings.config.ingest.port
        self._probes = Probes(self.health, port) if port is not None else None

    async def run(self, stop: asyncio.Event) -> None:
        """Take in until ``stop`` is set, then let what arrived become durable, bounded in time, and close."""
        parts = [self._ingesting.run, _endless(self._telling.run), _endless(self._post_watch.run)]
        if self._probes is not None:
            parts.append(self._probes.run)
        await _together(stop, *parts)
        self._telling.withdraw()
        self.close()


class ApiServer(WebProcess):
    """API, dashboard, alerts and rollouts without ingest, as often as wanted."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, Health([name for name in PARTS if name in ("store", "registry")]))
        from skerry_server.alerts.alerting import Alerting  # noqa: PLC0415  # a worker must not carry its weight
        from skerry_server.rollouts.duties import UpdateDuties  # noqa: PLC0415  # as above
        from skerry_server.serving import Serving  # noqa: PLC0415  # as above

        self._downlink = Downlink(downlink_access(settings), self.database)
        self._serving = Serving(
            settings, store=self.store, database=self.web_database, health=self.health, downlink=self._downlink
        )
        self._alerting = Alerting(settings, store=self.store, database=self.database, health=self.health)
        self._updating = UpdateDuties(settings, store=self.store, database=self.database, health=self.health)
        self._watch = Watch(store=self.store, database=self.database, health=self.health)

    @property
    def url(self) -> str:
        """The dashboard's address."""
        return self._serving.url

    @property
    def sign_in(self) -> str:
        """Who must sign in, in words."""
        return self._serving.sign_in

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set, and close."""
        above = (self._serving.run, self._downlink.run, self._alerting.run, self._updating.run)
        await _together(stop, *above, _endless(self._watch.run))
        self.close()


def _worker_health(settings: Settings, access: Access) -> Health:
    health = Health(worker=access.client_id)
    health.metrics.spool_budget_bytes.value = settings.config.ingest.spool_mb * 1e6
    return health


def _endless(work: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[asyncio.Event], Coroutine[Any, Any, None]]:
    """Return ``work``, which only ends by failing, as a part that ends when it is told to."""

    async def part(stop: asyncio.Event) -> None:
        tasks = {asyncio.create_task(work()), asyncio.create_task(stop.wait())}
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await end_all(tasks)

    return part


async def _together(stop: asyncio.Event, *parts: Any) -> None:  # noqa: ANN401  # coroutine functions that take the event
    """Run ``parts`` until ``stop`` is set; where one of them ends before, all do."""
    tasks = {asyncio.create_task(part(stop)) for part in parts}
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome

"""The fleet server put together: consumer, worker, API and dashboard in one process."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI

from skerry_edge.foundation.broker_address import parse_broker_url
from skerry_edge.foundation.errors import ConfigError, ReachError
from skerry_edge.foundation.redaction import redact
from skerry_server.api.routes import create_api
from skerry_server.config.server import Settings
from skerry_server.config.stores import SqliteStore
from skerry_server.health import Health
from skerry_server.ingest.consumer import Access, Consumer
from skerry_server.ingest.intake import Intake
from skerry_server.ingest.worker import Worker
from skerry_server.presence import Silence
from skerry_server.registry.database import Database
from skerry_server.stores.opening import open_store

DRAIN_S = 3.0
CLOSE_S = 5.0
GRACE_S = 2
BACKLOG = 128


class FleetServer:
    """A server that holds its listening socket from the start, so that its address is known before it runs.

    Raises ReachError where the port is taken, and ConfigError or MissingError for settings that cannot work.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.health = Health()
        self.store = open_store(settings)
        self.database = Database(settings.registry_url)
        self._access = _access(settings)
        self._socket = listen(settings.config.http.host, settings.config.http.port)

    @property
    def url(self) -> str:
        """The dashboard's address."""
        host, port = self._socket.getsockname()[:2]
        return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"

    @property
    def store_place(self) -> str:
        """Where time series go, without secrets."""
        config = self.settings.config.store
        return str(self.settings.store_path) if isinstance(config, SqliteStore) else redact(config.url)

    def _web(self) -> FastAPI:
        # Imported here: NiceGUI takes most of a second to load, and a wrong configuration is told before.
        from skerry_server.ui.overview import Overviews  # noqa: PLC0415
        from skerry_server.ui.page import add_dashboard  # noqa: PLC0415

        api = create_api(self.database, self.store, self.health)
        add_dashboard(api, Overviews(self.database, self.health), self.database, broker=str(self._access.address))
        return api

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set, then let what arrived become durable, bounded in time, and close."""
        intake = Intake()
        rules = self.settings.config.presence
        worker = Worker(
            intake=intake,
            store=self.store,
            database=self.database,
            health=self.health,
            silence=Silence(rules.heartbeat_s * rules.missed),
        )
        consumer = Consumer(self._access, intake=intake, health=self.health)
        web = _Web(self._web())
        hang_up = asyncio.Event()
        polite = {asyncio.create_task(consumer.run(hang_up)), asyncio.create_task(web.serve([self._socket]))}
        endless = {asyncio.create_task(one) for one in (worker.run(), worker.watch(), worker.sweep())}
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({*polite, *endless, stopping}, return_when=asyncio.FIRST_COMPLETED)
            # Acknowledgements need the connection, so it ends after what arrived is durable; and only then may
            # messages be let go that are not.
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(intake.drain(), DRAIN_S)
            hang_up.set()
            web.should_exit = True
            await asyncio.wait(polite, timeout=CLOSE_S)
            intake.abandon()
            await _end({*polite, *endless, stopping})
        finally:
            worker.close()
            self.store.close()
            self.database.close()


class _Web(uvicorn.Server):
    """uvicorn without its signal handlers: the process decides when to stop."""

    def __init__(self, api: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(
                api, log_config=None, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE_S
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


async def _end(tasks: set[asyncio.Task[Any]]) -> None:
    """Cancel ``tasks`` and raise what the first of them failed with, if one did."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


def _access(settings: Settings) -> Access:
    broker = settings.config.broker
    address = parse_broker_url(broker.url, where="the server's configuration, key 'broker.url'")
    return Access(
        address=address,
        client_id=broker.client_id,
        is_mqtt5=broker.protocol == "5",
        session_expiry_s=broker.session_expiry_s,
        username=broker.username,
        password=settings.secret(broker.password_file),
        tls=_tls(settings, broker.ca_file) if address.encrypted else None,
    )


def _tls(settings: Settings, ca_file: str | None) -> ssl.SSLContext:
    path = settings.base / ca_file if ca_file else None
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            "the broker's certificate authority cannot be loaded", where=str(path), found=str(error)
        ) from error


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes any free one. Raises ReachError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        in_use = error.errno == errno.EADDRINUSE
        raise ReachError(
            "the port is in use" if in_use else "cannot listen",
            where=f"{host}:{port}",
            found=None if in_use else os.strerror(error.errno or 0),
            todo="stop the other program, or set another 'http.port'" if in_use else None,
        ) from error
    return listener

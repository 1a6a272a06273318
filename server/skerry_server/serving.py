"""API and dashboard put together, behind a socket that is held from the start, so that their address is known."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from skerry_edge.foundation.errors import ReachError
from skerry_server.api.context import Context
from skerry_server.api.routes import create_api
from skerry_server.auth.front import add_gate, check_certificate, open_door, sign_in_note
from skerry_server.config.server import Settings
from skerry_server.downlink.downlink import Downlink
from skerry_server.health import Health
from skerry_server.observation.page import add_metrics, count_requests
from skerry_server.registry.database import Database
from skerry_server.release_files import add_release_files, open_catalogue
from skerry_server.stores.archive import TimeSeriesStore
from skerry_server.tasks import end_all

GRACE_S = 2
CLOSE_S = 5.0
BACKLOG = 128


class Serving:
    """The web side of a server; ``doorkeeper`` knows who may come in.

    Raises ReachError where the port is taken, and ConfigError where strangers could come in.
    """

    def __init__(
        self, settings: Settings, *, store: TimeSeriesStore, database: Database, health: Health, downlink: Downlink
    ) -> None:
        self._settings = settings
        self._store = store
        self._database = database
        self._health = health
        self._downlink = downlink
        self._certificate = check_certificate(settings)
        self.doorkeeper = open_door(database, settings.config.http)
        self._socket = listen(settings.config.http.host, settings.config.http.port)

    @property
    def url(self) -> str:
        """The dashboard's address."""
        host, port = self._socket.getsockname()[:2]
        scheme = "https" if self._certificate else "http"
        return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"

    @property
    def sign_in(self) -> str:
        """Who must sign in, in words."""
        return sign_in_note(self.doorkeeper)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set."""
        web = _Web(self.application(), self._certificate)
        serving = asyncio.create_task(web.serve([self._socket]))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        web.should_exit = True
        await asyncio.wait({serving}, timeout=CLOSE_S)
        await end_all({serving, stopping})

    def close(self) -> None:
        """Let go of the socket of a server that was never run."""
        self._socket.close()

    def application(self) -> FastAPI:
        """Return API, dashboard and the gate before them."""
        # Imported here: NiceGUI takes most of a second to load, and a wrong configuration is told before.
        from skerry_server.ui.faults import fault_response  # noqa: PLC0415
        from skerry_server.ui.page import add_dashboard  # noqa: PLC0415

        context = Context(
            database=self._database,
            store=self._store,
            health=self._health,
            doorkeeper=self.doorkeeper,
            downlink=self._downlink,
            config=self._settings.config,
            catalogue=open_catalogue(self._settings),
        )
        api = create_api(context)
        add_release_files(api, self._settings.ota_repository)
        exposition = add_metrics(api, self._database, self._health)
        # Before the dashboard, which answers for every address that is left.
        add_gate(api, self.doorkeeper, self._settings.config.http, refused_page=fault_response)
        add_dashboard(api, context)
        count_requests(api, exposition)
        return api


class _Web(uvicorn.Server):
    """uvicorn without its signal handlers: the process decides when to stop."""

    def __init__(self, api: FastAPI, certificate: tuple[str, str] | None) -> None:
        certificate_file, key_file = certificate or (None, None)
        super().__init__(
            uvicorn.Config(
                api,
                log_config=None,
                log_level="warning",
                access_log=False,
                # The gate reads a proxy's headers itself, and only where the configuration says that there is one.
                proxy_headers=False,
                server_header=False,
                ssl_certfile=certificate_file,
                ssl_keyfile=key_file,
                timeout_graceful_shutdown=GRACE_S,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


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
            todo="stop the other program, or set another port" if in_use else None,
        ) from error
    return listener

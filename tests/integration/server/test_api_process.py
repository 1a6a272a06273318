"""`server api` ends with whatever of its parts ends, and its requests leave its jobs their connections."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest

from skerry_server.app import WEB_CONNECTIONS, ApiServer
from skerry_server.config.http import Http
from skerry_server.config.registry import Registry
from skerry_server.config.server import ServerConfig, Settings
from skerry_server.errors import RegistryError
from skerry_server.ingest.watch import Watch
from skerry_server.registry.leases import acquire
from skerry_server.serving import Serving


def test_it_ends_where_nobody_watches_its_store_and_registry_any_more(tmp_path, free_port, monkeypatch):
    async def fail(_watch):
        raise MemoryError("a probe failed as nobody foresaw")

    async def serve(_serving, stop):
        await stop.wait()

    monkeypatch.setattr(Watch, "run", fail)
    # NiceGUI is one for a whole process: other tests have theirs.
    monkeypatch.setattr(Serving, "run", serve)
    server = ApiServer(Settings(config=ServerConfig(http=Http(port=free_port())), base=tmp_path, state=tmp_path))
    with pytest.raises(MemoryError):
        asyncio.run(asyncio.wait_for(server.run(asyncio.Event()), 60))


def test_a_lease_is_taken_while_slow_reads_of_many_viewers_hold_every_connection_of_api_and_dashboard(
    tmp_path, free_port, monkeypatch
):
    served = []
    monkeypatch.setattr(Serving, "__init__", lambda self, settings, **parts: served.append(parts["database"]))
    config = ServerConfig(http=Http(port=free_port()), registry=Registry(patience_s=0.2))
    server = ApiServer(Settings(config=config, base=tmp_path, state=tmp_path))
    (web,) = served
    web.probe()
    with ExitStack() as reads:
        for _ in range(WEB_CONNECTIONS):
            reads.enter_context(web.reading()).connection()
        with pytest.raises(RegistryError, match="QueuePool"):
            web.probe()
        with server.database.transaction() as session:
            assert acquire(session, "alerts", "one", term_ms=1_000)
    server.close()

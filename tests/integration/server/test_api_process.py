"""`server api` ends with whatever of its parts ends, so that a supervisor starts it anew."""

from __future__ import annotations

import asyncio

import pytest

from skerry_server.app import ApiServer
from skerry_server.config.http import Http
from skerry_server.config.server import ServerConfig, Settings
from skerry_server.ingest.watch import Watch
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

"""The device's own client at the files that `skerry server` gives out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import uvicorn
from chaos.ota_transfer_cells import NEW, NEW_BYTES, OLD, OLD_BYTES
from fastapi import FastAPI
from urllib3.connection import HTTPConnection

from skerry_edge.ota.transfer.mirrors import parse_mirror
from skerry_server.release_files import add_release_files


@pytest.fixture
def served(rig, free_port: Callable[[], int], eventually) -> Iterator[str]:
    """The address below which the server gives out the repository."""
    api = FastAPI()
    add_release_files(api, rig.repository.path)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(api, host="127.0.0.1", port=port, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started, what="the server")
    yield f"http://127.0.0.1:{port}/ota"
    server.should_exit = True
    thread.join()


def test_a_release_is_brought_and_gone_on_with_and_its_successor_comes_as_a_patch(rig, device, served: str) -> None:
    rig.publish(OLD, OLD_BYTES)
    device.mirrors = (parse_mirror(served),)
    told: list[int] = []

    def interrupt(done: int, total: int) -> None:
        told.append(done)
        if done > 200_000:
            raise KeyboardInterrupt

    device.told = interrupt
    with pytest.raises(KeyboardInterrupt):
        device.bring(OLD)
    told.clear()
    device.told = lambda done, total: told.append(done)
    path = device.bring(OLD)
    assert path.read_bytes() == OLD_BYTES
    assert min(told) > 200_000
    device.commit(OLD, path)
    rig.publish(NEW, NEW_BYTES)
    told.clear()
    assert device.bring(NEW).read_bytes() == NEW_BYTES
    assert max(told) < 1000


def test_what_the_server_does_not_have_is_told_at_once(rig, device, served: str) -> None:
    rig.publish(OLD, OLD_BYTES)
    next(rig.repository.targets.rglob("*.skerry")).unlink()
    device.mirrors = (parse_mirror(served),)
    device.patience = replace(device.patience, sleep=lambda _: pytest.fail("it was asked again"))
    with pytest.raises(Exception, match="not at its address"):
        device.bring(OLD)


def test_all_that_an_update_asks_of_one_host_goes_over_one_connection(rig, device, served: str, monkeypatch) -> None:
    rig.publish(OLD, OLD_BYTES)
    device.mirrors = (parse_mirror(served),)
    connect, made = HTTPConnection.connect, []
    monkeypatch.setattr(HTTPConnection, "connect", lambda one: (made.append(one.port), connect(one))[1])
    assert device.bring(OLD).read_bytes() == OLD_BYTES
    assert len(made) == 1
    assert device.check().versions["root"] == 1
    assert len(made) == 1

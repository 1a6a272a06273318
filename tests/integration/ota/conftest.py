"""A repository of releases, a web server that gives it, and a device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chaos.ota_bad_server import BadServer, serving
from chaos.ota_device import UnderTest, WrongClock
from chaos.ota_repositories import BOARD, Rig, make_rig

from skerry_edge.ota.transfer.mirrors import Mirror, parse_mirror


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return make_rig(tmp_path / "rig")


@pytest.fixture
def server(rig: Rig) -> Iterator[BadServer]:
    with serving(rig.repository.path) as server:
        yield server


@pytest.fixture
def clock() -> WrongClock:
    """A clock that nothing has set."""
    return WrongClock(None)


@pytest.fixture
def device(tmp_path: Path, rig: Rig, server: BadServer, clock: WrongClock) -> UnderTest:
    """A device without a clock that takes its releases from the server."""
    return UnderTest(
        folder=tmp_path / "device", root=rig.root, mirrors=(parse_mirror(server.address),), clock=clock, board=BOARD
    )


@pytest.fixture
def nowhere(free_port: Callable[[], int]) -> Mirror:
    """A mirror that nobody runs."""
    return parse_mirror(f"http://127.0.0.1:{free_port()}")

"""What the preview's server makes of browsers that ask for nonsense, for too much, or go away."""

from __future__ import annotations

import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from skerry_edge.agent.preview.server import MAX_STREAMS, PreviewServer, preview_server


@pytest.fixture
def rehearsal() -> Any:
    """A pipeline that gives the same picture for ever."""
    return SimpleNamespace(
        is_over=False,
        picture=lambda _number, _wait_s: (1, b"jpeg" * 1000),
        error=None,
        trouble=None,
        counts=None,
        events=[],
    )


@pytest.fixture
def server(rehearsal: Any) -> Iterator[PreviewServer]:
    with preview_server(rehearsal, {}, host="127.0.0.1", port=0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        rehearsal.is_over = True
        server.shutdown()
        thread.join()


@pytest.fixture
def ask(server: PreviewServer) -> Iterator[Callable[[bytes], socket.socket]]:
    """Return a function that sends a request and gives the connection."""
    held: list[socket.socket] = []

    def send(request: bytes) -> socket.socket:
        held.append(socket.create_connection(server.server_address[:2], timeout=10))  # type: ignore[arg-type]
        held[-1].sendall(request)
        return held[-1]

    yield send
    for one in held:
        one.close()


def status(connection: socket.socket) -> bytes:
    return connection.recv(4096).partition(b"\r\n")[0].split(b" ")[1]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
        b"GET http://[/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET //[ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_an_address_that_is_none_is_a_bad_request(ask, request_: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    assert status(ask(request_)) in (b"400", b"404")
    assert "Traceback" not in "".join(capfd.readouterr())


def test_a_browser_that_goes_away_before_its_answer_is_no_error(
    server: PreviewServer, ask, rehearsal: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    rehearsal.events = ["x" * 1000] * 10_000  # more than a socket takes at once
    gone = ask(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
    gone.recv(10)
    gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gone.close()
    rehearsal.events = []
    with caplog.at_level(logging.DEBUG):
        assert status(ask(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")) == b"200"
        server.shutdown()
        for thread in threading.enumerate():
            if "process_request" in thread.name:
                thread.join(10)
    assert "Traceback" not in "".join(capfd.readouterr())
    assert caplog.records == []


def test_more_watchers_than_there_is_room_for_are_told_so_until_one_goes(ask, eventually) -> None:
    watch = b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
    watching = [ask(watch) for _ in range(MAX_STREAMS)]
    assert {status(one) for one in watching} == {b"200"}
    assert status(ask(watch)) == b"503"
    watching[0].close()
    eventually(lambda: status(ask(watch)) == b"200", what="room for another")

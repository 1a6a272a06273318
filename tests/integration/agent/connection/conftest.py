"""Brokers that answer as the test says, and lines to a broker that can go dead."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest


class ScriptedBroker:
    """Speaks just enough MQTT to be connected to, and does with what is published as the test says.

    ``connack`` answers a CONNECT (None: hang up instead), ``puback`` and ``suback`` a message id (None: say nothing).
    The packets are those of MQTT 5.0, chapter 3.
    """

    def __init__(self) -> None:
        self.connack: bytes | None = bytes((0x20, 3, 0, 0, 0))
        self.puback: Callable[[int], bytes | None] = lambda mid: bytes((0x40, 2, *mid.to_bytes(2, "big")))
        self.suback: Callable[[int], bytes | None] = lambda mid: None
        self.levels: list[int] = []
        self.published: list[tuple[str, bytes]] = []
        self.goodbyes = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._connections: list[socket.socket] = []
        self._threads[0].start()

    @property
    def port(self) -> int:
        port: int = self._server.getsockname()[1]
        return port

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(10)

    def hang_up(self) -> None:
        """Break every connection."""
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def send(self, data: bytes) -> None:
        """Say something unasked to the last one that connected."""
        self._connections[-1].sendall(data)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError):
            while head := stream.read(1):
                answer = self._answer(head[0] >> 4, stream.read(_length(stream)))
                if answer is None:
                    return
                connection.sendall(answer)

    def _answer(self, kind: int, body: bytes) -> bytes | None:
        if kind == 1:
            self.levels.append(body[6])
            return self.connack
        if kind == 3:
            end = 2 + int.from_bytes(body[:2], "big")
            self.published.append((body[2:end].decode(), body[end + 2 :]))
            return self.puback(int.from_bytes(body[end : end + 2], "big")) or b""
        if kind == 8:
            return self.suback(int.from_bytes(body[:2], "big")) or b""
        self.goodbyes += kind == 14
        return bytes((0xD0, 0)) if kind == 12 else b""


def _length(stream: Any) -> int:
    length, shift = 0, 0
    while True:
        (byte,) = stream.read(1) or b"\0"
        length |= (byte & 0x7F) << shift
        if byte < 0x80:
            return length
        shift += 7


@pytest.fixture
def scripted_broker() -> Iterator[ScriptedBroker]:
    """A broker whose answers the test chooses."""
    broker = ScriptedBroker()
    yield broker
    broker.close()


class Wire:
    """A line to a port on loopback that can go dead: it takes every byte, passes none on, and nobody is told."""

    def __init__(self, target: int) -> None:
        self.is_dead = False
        self.taken = 0
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        port: int = self._server.getsockname()[1]
        return port

    def close(self) -> None:
        for end in (self._server, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for end in (self._server, *self._ends):
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self.taken += 1
            self._ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                thread = threading.Thread(target=self._carry, args=(source, sink), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                if not self.is_dead:
                    sink.sendall(piece)
            if not self.is_dead:
                sink.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def make_wire() -> Iterator[Callable[[int], Wire]]:
    """Return a function that lays a line to a port."""
    laid: list[Wire] = []

    def lay(target: int) -> Wire:
        laid.append(Wire(target))
        return laid[-1]

    yield lay
    for wire in laid:
        wire.close()

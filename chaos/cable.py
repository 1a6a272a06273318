"""The network between agent and broker, which can be cut: bytes then go nowhere, and nobody is told."""

from __future__ import annotations

import contextlib
import socket
import threading


class Cable:
    """A TCP proxy on loopback. While it is cut, what either side sends is lost and new connections find no answer."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._whole = threading.Event()
        self._whole.set()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Where the agent finds the broker."""
        port: int = self._server.getsockname()[1]
        return port

    def cut(self) -> None:
        """Lose all bytes from now on, without an end of any connection."""
        self._whole.clear()

    def mend(self) -> None:
        """Carry new connections again; those that were there when it was cut stay dead, as they lost bytes."""
        for pair in self._pairs:
            _close(*pair)
        self._pairs.clear()
        self._whole.set()

    def close(self) -> None:
        """Let go of everything."""
        _close(self._server)
        for pair in self._pairs:
            _close(*pair)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            if not self._whole.is_set():
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._to_port), timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            self._pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                if self._whole.is_set():
                    sink.sendall(piece)
        # A cut cable does not tell the other side that this one is gone.
        if self._whole.is_set():
            _close(source, sink)


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()

"""A web server for a folder of static files, right as RFC 9110 has it, until it is told to misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

Fault = Callable[["Request", bytes, int], None]
"""Answers a request for a file that holds these bytes; the number counts such requests from 0."""


class Request(BaseHTTPRequestHandler):
    """One request."""

    server: BadServer

    def do_GET(self) -> None:  # the base class's name
        """Answer, badly where the server was told to."""
        path = self.server.folder / unquote(self.path).lstrip("/")
        self.server.seen.append((self.path, self.headers.get("Range")))
        if not path.is_file():
            self.head(404, Content_Length=0)
            return
        content = path.read_bytes()
        with suppress(ConnectionError):  # the client may hang up when it has had enough
            if self.server.fault is not None and self.server.strikes(self.path):
                number = self.server.struck
                self.server.struck += 1
                self.server.fault(self, content, number)
            else:
                self.body(content)

    def head(self, status: int, **headers: str | int) -> None:
        """Send a status and headers; underscores stand for hyphens."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def body(self, content: bytes, *, tag: str = '"v1"', most: int | None = None) -> None:
        """Send what was asked for, of this version: a range where it is the same one, else all; ``most`` of it."""
        asked = self.headers.get("Range", "")
        first = 0
        if asked and self.headers.get("If-Range") == tag:
            first = int(asked.removeprefix("bytes=").removesuffix("-"))
        rest = content[first:]
        if first:
            extent = f"bytes {first}-{len(content) - 1}/{len(content)}"
            self.head(206, Content_Length=len(rest), Content_Range=extent, ETag=tag)
        else:
            self.head(200, Content_Length=len(rest), ETag=tag)
        self.wfile.write(rest if most is None else rest[:most])

    def wait(self, seconds: float) -> None:
        """Be silent, but not beyond the server's end."""
        self.server.ending.wait(seconds)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""


class BadServer(ThreadingHTTPServer):
    """Serves ``folder``; while there is a ``fault``, it answers requests for paths that ``strikes`` picks."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.folder = folder
        self.fault: Fault | None = None
        self.strikes: Callable[[str], bool] = lambda _: True
        self.struck = 0
        self.seen: list[tuple[str, str | None]] = []
        self.ending = threading.Event()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def heal(self) -> None:
        """Answer rightly from now on."""
        self.fault = None


@contextmanager
def serving(folder: Path) -> Iterator[BadServer]:
    """Serve ``folder`` for as long as the context lasts."""
    server = BadServer(folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ending.set()
        server.shutdown()
        server.server_close()
        thread.join()

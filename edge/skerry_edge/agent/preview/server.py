"""The preview's web server: one page, one endless picture, and what the page asks for."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, urlsplit

from skerry_edge.agent.preview.areas import drawn_area
from skerry_edge.agent.preview.rehearsal import Rehearsal
from skerry_edge.foundation.errors import ConfigError, ReachError

_log = logging.getLogger(__name__)
BOUNDARY = "skerry-frame"
MAX_STREAMS = 8
"""Each takes a thread, and every picture goes to each: more than a board has the network for."""
_WAIT_S = 1.0
_STUCK_S = 10.0
"""A browser that takes no picture for so long is gone."""
_CSP = "default-src 'none'; img-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach ``host``."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class PreviewServer(ThreadingHTTPServer):
    """A thread for each browser, of which at most ``MAX_STREAMS`` get the picture at a time."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: Callable[..., BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.streams = threading.BoundedSemaphore(MAX_STREAMS)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002  # the base's own
        """Log what went wrong with one request; a browser that went away before its answer is no error."""
        if not isinstance(sys.exc_info()[1], OSError):
            _log.exception("a request failed")


def preview_server(rehearsal: Rehearsal, facts: dict[str, Any], *, host: str, port: int) -> PreviewServer:
    """Return a server that listens on ``host`` and ``port`` (0: any); ``facts`` is what the page shows of the pipeline.

    Raises ReachError where it cannot listen there.
    """
    page = (files("skerry_edge.agent.preview") / "data" / "preview.html").read_bytes()
    handler = partial(_Handler, rehearsal, facts, page, is_loopback(host))
    try:
        return PreviewServer((host, port), handler)
    except OSError as error:
        todo = "give another one with --port, or 0 for any that is free"
        raise ReachError("cannot listen", where=f"{host}:{port}", found=error.strerror, todo=todo) from error


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: PreviewServer
    server_version = "skerry-preview"
    sys_version = ""
    timeout = _STUCK_S

    def __init__(
        self,
        rehearsal: Rehearsal,
        facts: dict[str, Any],
        page: bytes,
        is_local: bool,  # noqa: FBT001  # `partial` gives it by place, before what the base gives
        *args: Any,  # noqa: ANN401  # the base's own
    ) -> None:
        self._rehearsal = rehearsal
        self._facts = facts
        self._page = page
        self._is_local = is_local
        super().__init__(*args)

    def do_GET(self) -> None:
        """Answer a GET; the base calls it."""
        try:
            is_meant_for_us, address = self._is_meant_for_us(), urlsplit(self.path)
        except ValueError:  # of what looks like an IPv6 address and is none
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        if not is_meant_for_us:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return
        if address.path == "/":
            self._answer(self._page, "text/html; charset=utf-8")
        elif address.path == "/status":
            self._answer_json(self._status())
        elif address.path == "/area":
            self._answer_area({key: values[-1] for key, values in parse_qs(address.query).items()})
        elif address.path == "/stream":
            self._stream_if_there_is_room()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401  # the base's own
        """Log nothing: each picture would be a line."""

    def _is_meant_for_us(self) -> bool:
        """Refuse other names on loopback: a page from elsewhere may have its own name point here to read along."""
        host = urlsplit(f"//{self.headers.get('host', '')}").hostname or ""
        return is_loopback(host) or not self._is_local

    def _status(self) -> dict[str, Any]:
        counts = self._rehearsal.counts
        return {
            **self._facts,
            "trouble": str(self._rehearsal.error) if self._rehearsal.error else self._rehearsal.trouble,
            "counts": counts.everywhere if counts else {},
            "zones": counts.zones if counts else {},
            "events": self._rehearsal.events,
        }

    def _answer_area(self, asked: dict[str, str]) -> None:
        try:
            drawn = drawn_area(asked.get("kind", ""), asked.get("name", ""), asked.get("points", ""))
        except ConfigError as error:
            self._answer_json({"error": str(error)}, HTTPStatus.BAD_REQUEST)
            return
        self._answer_json({"toml": drawn.toml, "fault": drawn.fault})

    def _stream_if_there_is_room(self) -> None:
        streams = self.server.streams
        if not streams.acquire(blocking=False):
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE, f"{MAX_STREAMS} browsers watch already")
            return
        try:
            self._stream()
        finally:
            streams.release()

    def _stream(self) -> None:
        """Send pictures until the browser goes away: the oldest way to show live ones, and every browser knows it."""
        self.send_response(HTTPStatus.OK)
        self.send_header("content-type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.send_header("cache-control", "no-store")
        self.end_headers()
        number = 0
        while not self._rehearsal.is_over:
            found = self._rehearsal.picture(number, _WAIT_S)
            if found is None:
                continue
            number, jpeg = found
            head = f"--{BOUNDARY}\r\ncontent-type: image/jpeg\r\ncontent-length: {len(jpeg)}\r\n\r\n"
            try:
                self.wfile.write(head.encode() + jpeg + b"\r\n")
            except OSError:
                self.close_connection = True
                return

    def _answer_json(self, value: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        self._answer(json.dumps(value).encode(), "application/json", status)

    def _answer(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        for name, value in (
            ("content-type", kind),
            ("content-length", str(len(body))),
            ("cache-control", "no-store"),
            ("content-security-policy", _CSP),
            ("x-content-type-options", "nosniff"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

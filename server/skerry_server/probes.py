"""The few addresses of a worker, which has no API: /healthz, /readyz and /metrics over plain HTTP on this machine."""

from __future__ import annotations

import asyncio
import contextlib
from http import HTTPStatus

import msgspec

from skerry_server.health import Health
from skerry_server.health_report import health_report
from skerry_server.observation.exposition import CONTENT_TYPE, Exposition

HOST = "127.0.0.1"
MAX_REQUEST_BYTES = 8 * 1024
ANSWER_S = 5.0


class Probes:
    """Answers GET, one request a connection."""

    def __init__(self, health: Health, port: int) -> None:
        self._health = health
        self._exposition = Exposition(health)
        self._port = port

    async def run(self, stop: asyncio.Event) -> None:
        """Answer until ``stop`` is set. Raises OSError where the port cannot be had."""
        server = await asyncio.start_server(self._serve, HOST, self._port, limit=MAX_REQUEST_BYTES)
        async with server:
            await stop.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(
                asyncio.TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError
            ):
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), ANSWER_S)
                writer.write(self.answer(head))
                await asyncio.wait_for(writer.drain(), ANSWER_S)
        finally:
            writer.close()

    def answer(self, head: bytes) -> bytes:
        """Return the whole response to a request's head."""
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0]
        if method != b"GET":
            return _response(HTTPStatus.METHOD_NOT_ALLOWED, b"")
        if path == b"/metrics":
            return _response(HTTPStatus.OK, self._exposition.text(), content_type=CONTENT_TYPE)
        if path not in (b"/healthz", b"/readyz"):
            return _response(HTTPStatus.NOT_FOUND, b"")
        is_well = self._health.is_alive() if path == b"/healthz" else self._health.is_ok()
        status = HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE
        return _response(status, msgspec.json.encode(health_report(self._health)))


def _response(status: HTTPStatus, body: bytes, *, content_type: str = "application/json") -> bytes:
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: {content_type}\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body

"""The stand-in's HTTP interface, in the dialect of InfluxDB 2.x or of InfluxDB 3.

Sources: https://docs.influxdata.com/influxdb/v2/api/, https://docs.influxdata.com/influxdb/v2/write-data/troubleshoot/,
https://docs.influxdata.com/influxdb3/core/write-data/http-api/v3-write-lp/ and, for the words of a field type conflict
in 2.7, error reports of its users. It is not the product, and what is tested against it is called contract-tested.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from skerry_server.stores.stand_in.series import Line, Refused, Series, parse
from skerry_server.stores.stand_in.statements import answer

BUCKET_ID = "0123456789abcdef"
HEADERS = {
    "2": {"X-Influxdb-Version": "v2.7.11", "X-Influxdb-Build": "OSS"},
    "3": {"X-Influxdb-Version": "3.4.2", "X-Influxdb-Build": "Core"},
}
Answer = tuple[int, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What the next request is answered instead, without anything being done.

    The answer comes ``after_s`` seconds; a status of 0 cuts the connection.
    """

    status: int
    after_s: float = 0.0
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class StandIn:
    """State of a stand-in, and what a test may set: ``troubles`` come first, one for each request but pings."""

    version: Literal["2", "3"]
    token: str
    organisation: str = "skerry-org"
    bucket: str = "skerry-bucket"
    maps_by_itself: bool = True
    series: dict[str, Series] = field(default_factory=dict)
    troubles: deque[Trouble] = field(default_factory=deque)
    asked: list[str] = field(default_factory=list)
    retention_s: int = 0
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Make the bucket of 2.x, which has to be there; a database of 3 is made when asked for."""
        self._mapped = {self.bucket} if self.maps_by_itself else set()
        if self.version == "2":
            self.series[self.bucket] = Series()

    def take(self, method: str, path: str, params: Mapping[str, str], body: bytes, token: str) -> Answer | Trouble:
        """Answer one request."""
        with self._lock:
            self.asked.append(f"{method} {path}")
            if path == "/ping" and (self.version == "2" or token == self.token):
                return 200, {}
            if self.troubles:
                return self.troubles.popleft()
            if token != self.token:
                return 401, {"code": "unauthorized", "message": "unauthorized access"}
            act = self._version_2 if self.version == "2" else self._version_3
            found = act(f"{method} {path}", params, body)
            return found if found is not None else (404, {"code": "not found", "message": "not found"})

    def _version_2(self, asked: str, params: Mapping[str, str], body: bytes) -> Answer | None:
        if asked == "GET /query" and params["db"] in self._mapped:
            return 200, answer(params["q"], self.series[params["db"]])
        if asked not in ("POST /api/v2/write", "POST /api/v2/delete"):
            return self._administer_2(asked, params, body)
        if params.get("org") != self.organisation or params.get("bucket") != self.bucket:
            return 404, {"code": "not found", "message": f"bucket {params.get('bucket')!r} not found"}
        if asked == "POST /api/v2/write":
            return self._write_2(body)
        pairs = [one.split("=", 1) for one in json.loads(body)["predicate"].split(" AND ")]
        tags = {key: json.loads(value) for key, value in pairs}
        self.series[self.bucket].erase(tags.pop("_measurement"), tags)
        return 204, None

    def _administer_2(self, asked: str, params: Mapping[str, str], body: bytes) -> Answer | None:
        if asked == "GET /api/v2/buckets":
            rules = [{"type": "expire", "everySeconds": self.retention_s}] if self.retention_s else []
            found = [{"id": BUCKET_ID, "name": self.bucket, "retentionRules": rules}]
            return 200, {"buckets": found if params["name"] == self.bucket else []}
        if asked == f"PATCH /api/v2/buckets/{BUCKET_ID}":
            self.retention_s = json.loads(body)["retentionRules"][0]["everySeconds"]
            return 200, {}
        if asked == "GET /api/v2/dbrps":
            return 200, {"content": [{"database": one, "virtual": self.maps_by_itself} for one in self._mapped]}
        if asked == "POST /api/v2/dbrps":
            self._mapped.add(json.loads(body)["database"])
            return 201, {}
        return None

    def _write_2(self, body: bytes) -> Answer:
        try:
            lines = [(number, parse(text)) for number, text in _numbered(body)]
        except ValueError as error:
            # A line that cannot be read takes the whole body with it.
            return 400, {"code": "invalid", "message": f"unable to parse: {error}"}
        refused = self.series[self.bucket].take(lines)
        if not refused:
            return 204, None
        said = f"failure writing points to database: partial write: {refused[0].reason} dropped={len(refused)}"
        return 422, {"code": "unprocessable entity", "message": said}

    def _version_3(self, asked: str, params: Mapping[str, str], body: bytes) -> Answer | None:
        if asked == "POST /api/v3/configure/database":
            name = json.loads(body)["db"]
            is_new = name not in self.series
            self.series.setdefault(name, Series())
            return (200, None) if is_new else (409, {"error": "attempted to create a resource that already exists"})
        if asked == "POST /api/v3/write_lp":
            return self._write_3(self.series.setdefault(params["db"], Series()), body)
        if asked == "GET /query" and params["db"] in self.series:
            return 200, answer(params["q"], self.series[params["db"]])
        return None

    @staticmethod
    def _write_3(series: Series, body: bytes) -> Answer:
        lines: list[tuple[int, Line]] = []
        refused: list[Refused] = []
        for number, text in _numbered(body):
            try:
                lines.append((number, parse(text)))
            except ValueError as error:  # noqa: PERF203  # the other lines are taken
                refused.append(Refused(number=number, text=text, reason=str(error)))
        refused += series.take(lines)
        if not refused:
            return 204, None
        data = [{"original_line": one.text, "line_number": one.number, "error_message": one.reason} for one in refused]
        return 400, {"error": "partial write of line protocol occurred", "data": data}


def _numbered(body: bytes) -> Iterator[tuple[int, str]]:
    return ((number, text) for number, text in enumerate(body.decode().splitlines(), 1) if text)


@contextmanager
def serving(stand_in: StandIn) -> Iterator[StandIn]:
    """Serve ``stand_in`` on a free port of loopback, whose address is then in ``url``, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stand_in))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            params = {key: values[0] for key, values in parse_qs(parts.query).items()}
            token = self.headers.get("Authorization", "").partition(" ")[2]
            found = stand_in.take(self.command, parts.path, params, body, token)
            if isinstance(found, Trouble):
                self._trouble(found)
            else:
                status, value = found
                # Whoever is not let in is not told either what it is.
                headers = {} if status == 401 else HEADERS[stand_in.version]
                self._send(status, b"" if value is None else json.dumps(value).encode(), headers)

        do_GET = do_POST = do_PATCH = _handle  # noqa: N815  # http.server's names

        def _trouble(self, trouble: Trouble) -> None:
            time.sleep(trouble.after_s)
            if trouble.status == 0:
                self.close_connection = True
            else:
                self._send(trouble.status, trouble.body, trouble.headers)

        def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: whoever wants to know reads ``asked``."""

    return Handler

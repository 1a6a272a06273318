"""The stores and brokers that the contract suites run over."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from skerry_server.config.server import ServerConfig, Settings
from skerry_server.config.stores import InfluxStore, SqliteStore
from skerry_server.stores.opening import open_store

INFLUXD = """\
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
[http]
  bind-address = "127.0.0.1:{http}"
  log-enabled = false
[monitor]
  store-enabled = false
"""
TOKEN = "a-token-of-the-stand-in"  # no secret: the stand-in below knows it


def answers(url):
    try:
        with urllib.request.urlopen(f"{url}/ping", timeout=2):
            return True
    except (OSError, urllib.error.URLError):
        return False


@pytest.fixture
def influxd(tmp_path, need_program, free_port, eventually):
    """A real InfluxDB 1.x server on loopback, stopped at the end; gives its URL."""
    program = need_program("influxd")
    folder = tmp_path / "influxdb"
    folder.mkdir()
    port = free_port()
    config = folder / "influxdb.conf"
    config.write_text(INFLUXD.format(rpc=free_port(), http=port, folder=folder))
    process = subprocess.Popen(
        [program, "run", "-config", str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/bin", "HOME": str(folder), "INFLUXDB_REPORTING_DISABLED": "true"},
    )
    url = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: answers(url), what="influxd answers")
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


class Influx2StandIn(BaseHTTPRequestHandler):
    """InfluxDB 2.x made from its documented HTTP behaviour, not from the product.

    /ping with X-Influxdb-Version; /api/v2/write with a token, org and bucket, answering 204, 400 for lines that do
    not parse, 401 for a wrong token and 404 for another bucket; /query (the 1.x-compatible endpoint) for the one
    form of SELECT that the server sends.
    """

    points: ClassVar[dict] = {}
    lock: ClassVar[threading.Lock] = threading.Lock()

    def do_GET(self):
        path, arguments = self._asked()
        if path == "/ping":
            self._answer(204)
        elif not self._is_allowed():
            self._answer(401, {"code": "unauthorized", "message": "unauthorized access"})
        elif path == "/query" and arguments["db"] == "skerry-bucket":
            self._answer(200, self._select(arguments["q"]))
        else:
            self._answer(404, {"code": "not found"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, arguments = self._asked()
        if not self._is_allowed():
            self._answer(401, {"code": "unauthorized", "message": "unauthorized access"})
        elif path != "/api/v2/write" or arguments["org"] != "skerry-org" or arguments["bucket"] != "skerry-bucket":
            self._answer(404, {"code": "not found", "message": "bucket not found"})
        else:
            self._write(body.decode())

    def _write(self, body):
        try:
            parsed = [self._parse(line) for line in body.splitlines() if line]
        except ValueError as error:
            self._answer(400, {"code": "invalid", "message": f"unable to parse: {error}"})
            return
        with self.lock:
            for key, fields in parsed:
                self.points.setdefault(key, {}).update(fields)
        self._answer(204)

    @staticmethod
    def _parse(line):
        def split(text, at):
            return [
                re.sub(r"\\([,= ])", r"\1", part) if at != " " else part for part in re.split(rf"(?<!\\){at}", text)
            ]

        head, fields, time_ns = split(line, " ")
        measurement, *tags = re.split(r"(?<!\\),", head)
        pairs = tuple(sorted(tuple(split(tag, "=")) for tag in tags))
        numbers = {key: float(value) for key, value in (split(one, "=") for one in re.split(r"(?<!\\),", fields))}
        return (measurement, pairs, int(time_ns)), numbers

    def _select(self, statement):
        matched = re.fullmatch(
            r'SELECT \* FROM "(\w+)" WHERE time >= (\d+) AND time < (\d+)(.*) ORDER BY time DESC LIMIT (\d+)', statement
        )
        if matched is None:
            return {"error": "error parsing query"}
        measurement, start, stop, conditions, limit = matched.groups()
        wanted = {
            key: re.sub(r"\\(.)", r"\1", value)
            for key, value in re.findall(r" AND \"(\w+)\" = '((?:[^'\\]|\\.)*)'", conditions)
        }
        with self.lock:
            rows = [
                {"time": time_ns, **dict(tags), **fields}
                for (name, tags, time_ns), fields in self.points.items()
                if name == measurement and int(start) <= time_ns < int(stop) and wanted.items() <= dict(tags).items()
            ]
        rows = sorted(rows, key=lambda row: -row["time"])[: int(limit)]
        if not rows:
            return {"results": [{"statement_id": 0}]}
        columns = ["time", *sorted({key for row in rows for key in row} - {"time"})]
        values = [[row.get(column) for column in columns] for row in rows]
        return {
            "results": [{"statement_id": 0, "series": [{"name": measurement, "columns": columns, "values": values}]}]
        }

    def _asked(self):
        parts = urlsplit(self.path)
        return parts.path, {key: values[0] for key, values in parse_qs(parts.query).items()}

    def _is_allowed(self):
        return self.headers.get("Authorization") == f"Token {TOKEN}"

    def _answer(self, status, body=None):
        raw = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("X-Influxdb-Version", "v2.7.10")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_):
        """Keep the test's output clean."""


@pytest.fixture
def influx2_stand_in():
    """The stand-in for InfluxDB 2.x; gives its URL."""
    handler = type("Handler", (Influx2StandIn,), {"points": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def opened(tmp_path):
    """Return a function that opens the store of a configuration, and close all of them at the end."""
    stores = []

    def open_one(config):
        settings = Settings(config=ServerConfig(store=config), base=tmp_path, state=tmp_path)
        stores.append(open_store(settings))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture(params=["sqlite", "influxdb 1.x", "influxdb 2.x (stand-in)"])
def store(request, tmp_path, opened):
    """Every kind of store, empty."""
    if request.param == "sqlite":
        return opened(SqliteStore(path="telemetry.sqlite"))
    if request.param == "influxdb 1.x":
        return opened(InfluxStore(url=request.getfixturevalue("influxd"), database='sker"ry'))
    return opened(influx2_config(request.getfixturevalue("influx2_stand_in"), tmp_path))


def influx2_config(url, folder, token=TOKEN):
    (folder / "token").write_text(f"{token}\n")
    return InfluxStore(url=url, organisation="skerry-org", bucket="skerry-bucket", token_file="token")  # a file's name

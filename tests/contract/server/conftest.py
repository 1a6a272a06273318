"""The stores and brokers that the contract suites run over."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from chaos import server_programs

from skerry_server.config.server import ServerConfig, Settings
from skerry_server.config.stores import InfluxStore, SqliteStore
from skerry_server.stores.opening import open_store
from skerry_server.stores.stand_in.influxdb import StandIn, serving

TOKEN = "a-token-of-the-stand-in"  # no secret: the stand-ins know it


def answers(url):
    try:
        with urllib.request.urlopen(f"{url}/ping", timeout=2):
            return True
    except (OSError, urllib.error.URLError):
        return False


@pytest.fixture
def influxd(tmp_path, need_program, free_port, eventually):
    """A real InfluxDB 1.x server on loopback, stopped at the end; gives its URL."""
    need_program("influxd")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    program = server_programs.influxd(tmp_path, port)
    program.start()
    try:
        eventually(lambda: answers(url), what="influxd answers")
        yield url
    finally:
        program.stop()


@pytest.fixture
def influxdb_2():
    """A stand-in for InfluxDB 2.x; its address is in ``url``."""
    with serving(StandIn(version="2", token=TOKEN)) as stand_in:
        yield stand_in


@pytest.fixture
def influxdb_3():
    """A stand-in for InfluxDB 3; its address is in ``url``."""
    with serving(StandIn(version="3", token=TOKEN)) as stand_in:
        yield stand_in


@pytest.fixture
def stand_in(request):
    """The stand-in that the test is parametrised with, by version."""
    return request.getfixturevalue(f"influxdb_{request.param}")


@pytest.fixture
def stand_in_config(tmp_path):
    """Return a function that gives the configuration for a stand-in."""

    def config(stand_in, token=TOKEN):
        (tmp_path / "token").write_text(f"{token}\n")
        if stand_in.version == "3":
            return InfluxStore(url=stand_in.url, token_file="token")  # a file's name
        return InfluxStore(url=stand_in.url, organisation="skerry-org", bucket="skerry-bucket", token_file="token")

    return config


@pytest.fixture
def liar():
    """A server that calls itself InfluxDB 1.8 and takes everything, as VictoriaMetrics does; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("X-Influxdb-Version", "1.8.0")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def victoria(tmp_path, need_program, free_port, eventually):
    """A real VictoriaMetrics on loopback: start it with flags, kill it, start it again."""
    need_program("victoria-metrics")
    victoria = Victoria(tmp_path, free_port(), eventually)
    yield victoria
    victoria.kill()


class Victoria:
    """One VictoriaMetrics with its folder."""

    def __init__(self, folder, port, eventually):
        self.url = f"http://127.0.0.1:{port}"
        self._folder, self._port = folder, port
        self._eventually = eventually
        self._program = None

    def start(self, *flags):
        """Run it until it answers."""
        self._program = server_programs.victoria_metrics(self._folder, self._port, *flags)
        self._program.start()
        self._eventually(lambda: answers(self.url), what="VictoriaMetrics answers")
        return self

    def kill(self):
        """End it as a power cut does."""
        if self._program is not None:
            self._program.kill()

    def flush(self):
        """Have it make what was written visible, as it does by itself after a second or so."""
        urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=30).close()


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


@pytest.fixture(params=["sqlite", "influxdb 1.x", "influxdb 2.x (stand-in)", "influxdb 3 (stand-in)"])
def store(request, opened, stand_in_config):
    """Every kind of store that keeps what it is given as it is, empty."""
    if request.param == "sqlite":
        return opened(SqliteStore(path="telemetry.sqlite"))
    if request.param == "influxdb 1.x":
        return opened(InfluxStore(url=request.getfixturevalue("influxd"), database='sker"ry'))
    return opened(stand_in_config(request.getfixturevalue(f"influxdb_{request.param[9]}")))

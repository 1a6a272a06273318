"""What a store's HTTP answers mean: refused lines, waits, failures, cut connections and lies; 1.x is real."""

from __future__ import annotations

import time

import httpx
import msgspec
import pytest

from skerry_edge.foundation.errors import ConfigError
from skerry_server.config.stores import InfluxStore
from skerry_server.errors import RefusedPointsError, StoreError, UnableStoreError
from skerry_server.stores import http
from skerry_server.stores.archive import Retention
from skerry_server.stores.base import Point, Query
from skerry_server.stores.http import StoreHttp
from skerry_server.stores.stand_in.influxdb import Trouble

START_NS = 1_700_000_000_000_000_000
BOTH = pytest.mark.parametrize("stand_in", ["2", "3"], indirect=True)


def heartbeat(device, **fields):
    tags = {"site": "home", "device": device, "board": "pi"}
    return Point(measurement="heartbeat", tags=tags, fields=fields or {"cpu_percent": 1.0}, time_ns=START_NS)


def text_in_a_field(stand_in):
    """Write a line of another program's, after which ``x`` is text for good."""
    line = f'heartbeat,device=other x="text" {START_NS}'.encode()
    path = (
        "/api/v2/write?org=skerry-org&bucket=skerry-bucket" if stand_in.version == "2" else "/api/v3/write_lp?db=skerry"
    )
    headers = {"Authorization": f"Bearer {stand_in.token}"}
    httpx.post(f"{stand_in.url}{path}", content=line, headers=headers).raise_for_status()


def mixed(count, bad):
    return [heartbeat(f"cam-{n}", **({"x": 1.0} if n in bad else {"cpu_percent": 1.0})) for n in range(count)]


def devices(store):
    return {one.tags["device"] for one in store.query(Query(measurement="heartbeat", tags={"site": "home"}))}


@BOTH
def test_the_lines_of_a_partial_write_are_named_and_all_others_stored(opened, stand_in, stand_in_config):
    store = opened(stand_in_config(stand_in))
    store.probe()
    text_in_a_field(stand_in)
    asked = len(stand_in.asked)
    with pytest.raises(RefusedPointsError) as caught:
        store.write(mixed(1000, bad={3, 500}))
    assert caught.value.refused.keys() == {3, 500}
    assert all("x" in why for why in caught.value.refused.values())
    assert devices(store) == {f"cam-{n}" for n in range(1000)} - {"cam-3", "cam-500"}
    assert len(stand_in.asked) - asked <= 5


def test_influxdb_1_names_how_many_and_finding_which_takes_few_requests(opened, influxd, monkeypatch):
    store = opened(InfluxStore(url=influxd))
    store.probe()
    line = f'heartbeat,device=other x="text" {START_NS}'.encode()
    httpx.post(f"{influxd}/write", params={"db": "skerry"}, content=line).raise_for_status()
    sent, send = [], httpx.Client.send
    monkeypatch.setattr(httpx.Client, "send", lambda *a, **k: (sent.append(a), send(*a, **k))[1])
    with pytest.raises(RefusedPointsError) as caught:
        store.write(mixed(1000, bad=set(range(100, 300))))
    assert caught.value.refused.keys() == set(range(100, 300))
    assert len(sent) <= 3
    assert len(devices(store)) == 800


def test_a_line_that_cannot_be_read_takes_its_whole_body_with_it_in_2_and_is_found_by_halving(
    opened, influxdb_2, stand_in_config, monkeypatch
):
    store = opened(stand_in_config(influxdb_2))
    # No point that is encoded here is unreadable there, so one is spoilt on its way.
    request = StoreHttp.request

    def spoiling(self, method, path, *, content=None, **rest):
        return request(self, method, path, content=content and content.replace(b"cam-5,", b"cam-5,broken,"), **rest)

    monkeypatch.setattr(StoreHttp, "request", spoiling)
    with pytest.raises(RefusedPointsError) as caught:
        store.write(mixed(16, bad=()))
    assert caught.value.refused.keys() == {5}
    monkeypatch.undo()
    assert len(devices(store)) == 15


@BOTH
def test_a_store_that_asks_to_be_left_alone_is(opened, stand_in, stand_in_config):
    store = opened(stand_in_config(stand_in))
    store.probe()
    stand_in.troubles.append(Trouble(status=429, headers={"Retry-After": "30"}))
    with pytest.raises(StoreError, match="busy") as caught:
        store.write([heartbeat("cam-1")])
    assert caught.value.retry_after_s == 30
    asked = len(stand_in.asked)
    with pytest.raises(StoreError, match="left alone") as caught:
        store.write([heartbeat("cam-1")])
    assert 0 < caught.value.retry_after_s <= 30
    assert len(stand_in.asked) == asked
    assert devices(store) == set()


@BOTH
@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (Trouble(status=500, body=b"engine: out of sorts"), "HTTP 500: engine"),
        (Trouble(status=503), "HTTP 503"),
        (Trouble(status=0), "does not answer"),
        # A proxy before the store says 400 as well: not one point may be given up for that.
        (Trouble(status=400, body=b"<html>Bad Request</html>"), "rejects the request"),
        (Trouble(status=400, body=b"{}"), "rejects the request"),
        (Trouble(status=404, body=b"nothing here"), "HTTP 404"),
        (Trouble(status=302, headers={"Location": "/login"}), "HTTP 302"),
        (Trouble(status=200, body=b"<html>Sign in</html>"), "HTTP 200"),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Trouble) else "",
)
def test_a_write_that_failed_otherwise_is_tried_again_and_refuses_no_point(
    opened, stand_in, stand_in_config, trouble, said
):
    store = opened(stand_in_config(stand_in))
    store.probe()
    stand_in.troubles.append(trouble)
    with pytest.raises(StoreError, match=said):
        store.write([heartbeat("cam-1")])
    store.write([heartbeat("cam-1")])
    assert devices(store) == {"cam-1"}


def refusing(monkeypatch, refuses):
    """Let what stands before the store refuse the bodies that ``refuses`` is true of, in the store's own way."""
    send = httpx.Client.send

    def guarded(self, request, **rest):
        body = request.read()
        if body and refuses(body):
            return httpx.Response(400, json={"error": "over quota"}, request=request)
        return send(self, request, **rest)

    monkeypatch.setattr(httpx.Client, "send", guarded)


@BOTH
def test_a_gateway_that_refuses_everything_in_the_stores_own_words_costs_no_point(
    opened, stand_in, stand_in_config, monkeypatch
):
    store = opened(stand_in_config(stand_in))
    store.probe()
    store.write([heartbeat("cam-0")])
    sent = []
    with monkeypatch.context() as patched:
        refusing(patched, lambda content: sent.append(content) or True)
        with pytest.raises(StoreError, match=r"refuses whatever it is sent.*over quota"):
            store.write(mixed(1000, bad=()))
    assert len(sent) == 2
    refusing(monkeypatch, lambda content: b"cam-7," in content)
    with pytest.raises(RefusedPointsError) as caught:
        store.write([heartbeat("cam-7")])
    assert caught.value.refused.keys() == {0}


@BOTH
def test_a_store_that_takes_too_long_counts_as_away(opened, stand_in, stand_in_config):
    store = opened(msgspec.structs.replace(stand_in_config(stand_in), timeout_s=0.2))
    store.probe()
    stand_in.troubles.append(Trouble(status=204, after_s=0.6))
    with pytest.raises(StoreError, match="Timeout"):
        store.write([heartbeat("cam-1")])
    store.write([heartbeat("cam-1")])
    assert devices(store) == {"cam-1"}


class Pouring(httpx.BaseTransport):
    """Answers every request with pieces without end, up to far more than anybody may take."""

    def __init__(self, status, piece, *, every_s=0.0):
        self.status, self.piece, self.every_s, self.poured = status, piece, every_s, 0

    def handle_request(self, request):
        del request
        return httpx.Response(self.status, content=self._pieces())

    def _pieces(self):
        for self.poured in range(1, 1_001):
            time.sleep(self.every_s)
            yield self.piece


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(("piece", "every_s"), [(b"x" * 1024, 0.0), (b"x" * 65_536, 0.01)], ids=["large", "slow"])
def test_an_answer_without_an_end_in_size_or_time_is_a_store_that_failed(monkeypatch, status, piece, every_s):
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 100_000 if not every_s else 10**9)
    pouring = Pouring(status, piece, every_s=every_s)
    client = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **options: client(transport=pouring, **options))
    store = StoreHttp("http://127.0.0.1:1", timeout_s=0.01)
    with pytest.raises(StoreError, match="has no end"):
        store.request("GET", "/metrics")
    assert pouring.poured < 1_000
    store.close()


def test_a_body_that_is_too_large_is_sent_in_parts(opened, influxdb_2, stand_in_config):
    store = opened(stand_in_config(influxdb_2))
    store.probe()
    influxdb_2.troubles += [Trouble(status=413, body=b'{"code":"request too large"}')] * 3
    store.write(mixed(64, bad=()))
    assert len(devices(store)) == 64


@BOTH
def test_a_query_that_fails_is_an_error_and_not_no_points(opened, stand_in, stand_in_config):
    store = opened(stand_in_config(stand_in))
    store.probe()
    for trouble in (Trouble(status=400, body=b"{}"), Trouble(status=200, body=b"[]"), Trouble(status=500)):
        stand_in.troubles.append(trouble)
        with pytest.raises(StoreError):
            store.query(Query(measurement="heartbeat"))


def test_who_only_calls_itself_influxdb_is_found_out(opened, liar):
    store = opened(InfluxStore(url=liar))
    with pytest.raises(ConfigError, match="set kind = 'victoriametrics'"):
        store.probe()
    with pytest.raises(ConfigError):
        store.write([heartbeat("cam-1")])


def test_a_server_that_was_upgraded_is_spoken_to_in_its_new_way(opened, influxdb_2, stand_in_config):
    store = opened(stand_in_config(influxdb_2))
    assert store.probe().version.startswith("v2")
    influxdb_2.version = "3"
    assert store.probe().version.startswith("3")


def test_an_older_influxdb_2_is_told_which_bucket_a_database_is(opened, influxdb_2, stand_in_config):
    influxdb_2.maps_by_itself = False
    influxdb_2.__post_init__()
    store = opened(stand_in_config(influxdb_2))
    store.probe()
    store.write([heartbeat("cam-1")])
    assert devices(store) == {"cam-1"}
    store.probe()
    assert influxdb_2.asked.count("POST /api/v2/dbrps") == 1


def test_a_bucket_that_is_not_there_is_named(opened, influxdb_2, stand_in_config):
    influxdb_2.bucket = "another"
    with pytest.raises(StoreError, match="skerry-bucket"):
        opened(stand_in_config(influxdb_2)).probe()


def test_influxdb_3_says_what_it_cannot_do(opened, influxdb_3, stand_in_config):
    store = opened(stand_in_config(influxdb_3))
    assert store.probe().can == frozenset()
    with pytest.raises(UnableStoreError, match="delete"):
        store.erase({"device": "cam-1"})
    with pytest.raises(UnableStoreError, match="retention"):
        store.tend(Retention(raw_ns=1, rollup_ns=1), now_ns=START_NS)


def test_influxdb_2_keeps_points_as_long_as_it_is_told(opened, influxdb_2, stand_in_config):
    store = opened(stand_in_config(influxdb_2))
    for _ in range(2):
        assert store.tend(Retention(raw_ns=86_400 * 10**9, rollup_ns=1), now_ns=START_NS).is_done
    assert influxdb_2.retention_s == 86_400
    assert sum(asked.startswith("PATCH") for asked in influxdb_2.asked) == 1

"""A real VictoriaMetrics: numbers in and out, what it cannot keep, what it would drop, and when it forgets."""

from __future__ import annotations

import math
import time

import httpx
import pytest

from skerry_edge.foundation.errors import ConfigError
from skerry_server.config.stores import InfluxStore, VictoriaStore
from skerry_server.errors import RefusedPointsError, StoreError, TooWideError, UnableStoreError
from skerry_server.stores.archive import NS_PER_S, Retention, WindowQuery
from skerry_server.stores.base import Point, Query

NOW_NS = time.time_ns() // NS_PER_S * NS_PER_S
DAY_NS = 86_400 * NS_PER_S


def heartbeat(time_ns=NOW_NS, device="cam-1", board="raspberry-pi-5", **fields):
    tags = {"site": "home", "device": device, "board": board}
    return Point(measurement="heartbeat", tags=tags, fields=fields or {"cpu_percent": 1.5, "seq": 1.0}, time_ns=time_ns)


@pytest.fixture
def store(opened, victoria):
    """The store on a running server."""
    return opened(VictoriaStore(url=victoria.start().url))


@pytest.fixture
def written(store, victoria):
    """Return a function that writes points and has the server show them."""

    def write(points):
        store.write(points)
        victoria.flush()

    return write


def heartbeats(store, **query):
    return store.query(Query(measurement="heartbeat", **query))


def test_what_is_written_reads_back_to_twelve_digits_and_the_millisecond(store, written):
    point = heartbeat(NOW_NS + 123_000_456, cpu_percent=0.1 + 0.2, temperature_c=-3.5, uptime_s=1e15, throttled=0.0)
    written([point])
    (found,) = heartbeats(store)
    assert found.time_ns == NOW_NS + 123_000_000
    assert found.tags == point.tags
    assert found.fields == pytest.approx(point.fields, rel=1e-12)


@pytest.mark.parametrize("board", ["a b", "a,b=c", "it's", '"quoted"', "größe 板", 'x"} or {a="a'])
def test_tags_of_any_printable_text_are_kept_and_found(store, written, board):
    point = heartbeat(board=board)
    written([point, heartbeat()])
    assert heartbeats(store, tags={"board": board}) == [point]


def test_tags_times_and_a_limit_choose_and_the_newest_come_first(store, written):
    points = [heartbeat(NOW_NS - number * DAY_NS // 4, device=f"cam-{number % 2}") for number in range(8)]
    written(points)
    assert heartbeats(store) == points
    assert heartbeats(store, limit=3) == points[:3]
    chosen = heartbeats(store, tags={"device": "cam-1"}, start_ns=points[5].time_ns, stop_ns=points[1].time_ns)
    assert chosen == [points[3], points[5]]


def test_a_point_written_again_is_there_once(store, written):
    for _ in range(3):
        written([heartbeat()])
    assert heartbeats(store) == [heartbeat()]


def test_of_two_messages_in_one_millisecond_the_later_is_kept(store, written):
    written([heartbeat(NOW_NS + 2, cpu_percent=2.0, seq=2.0), heartbeat(NOW_NS + 1, cpu_percent=9.0, seq=1.0)])
    (found,) = heartbeats(store)
    assert found.fields == {"cpu_percent": 2.0, "seq": 2.0}


def test_what_it_would_drop_without_a_word_is_refused_and_the_others_are_stored(opened, victoria):
    store = opened(VictoriaStore(url=victoria.start("-retentionPeriod=1").url))
    points = [
        heartbeat(NOW_NS - 40 * DAY_NS),
        heartbeat(),
        heartbeat(NOW_NS + 3 * DAY_NS),
        heartbeat(device="cam-2", x=math.nan),
        heartbeat(device="a\nb"),
    ]
    with pytest.raises(RefusedPointsError) as caught:
        store.write(points)
    victoria.flush()
    assert caught.value.refused.keys() == {0, 2, 3, 4}
    assert "older than what the store keeps" in caught.value.refused[0]
    assert heartbeats(store) == [points[1]]


def test_windows_hold_mean_least_greatest_and_last_of_what_lies_in_them(store, written):
    begin = NOW_NS // (300 * NS_PER_S) * (300 * NS_PER_S) - 600 * NS_PER_S
    values = {begin: 1.0, begin + 100 * NS_PER_S: 4.0, begin + 299_999_000_000: 1.0, begin + 300 * NS_PER_S: 7.0}
    written([heartbeat(time_ns, cpu_percent=value, other=0.0) for time_ns, value in values.items()])
    for aggregate, first in (("mean", 2.0), ("min", 1.0), ("max", 4.0), ("last", 1.0)):
        query = WindowQuery(
            measurement="heartbeat",
            step_ns=300 * NS_PER_S,
            aggregate=aggregate,
            fields=("cpu_percent",),
            start_ns=begin,
        )
        found = [(one.time_ns, one.fields) for one in store.windows(query)]
        assert found == [(begin + 300 * NS_PER_S, {"cpu_percent": 7.0}), (begin, {"cpu_percent": first})]


def test_series_that_have_a_tag_in_common_are_taken_together(store, written):
    begin = NOW_NS // (300 * NS_PER_S) * (300 * NS_PER_S) - 600 * NS_PER_S
    written([heartbeat(begin + 7_000_000, device=f"cam-{n}", cpu_percent=float(n)) for n in (2, 4)])
    query = {"measurement": "heartbeat", "step_ns": 300 * NS_PER_S, "fields": ("cpu_percent",), "start_ns": begin}
    for aggregate, value in (("mean", 3.0), ("max", 4.0)):
        found = store.windows(WindowQuery(**query, by=("site",), aggregate=aggregate))
        assert [(one.tags, one.time_ns, one.fields) for one in found] == [
            ({"site": "home"}, begin, {"cpu_percent": value})
        ]


def test_more_windows_than_anybody_can_look_at_are_too_many(store):
    with pytest.raises(TooWideError, match="at most 10000"):
        store.windows(WindowQuery(measurement="heartbeat", step_ns=NS_PER_S))


def test_a_device_can_be_erased_and_other_programs_numbers_stay(store, written, victoria):
    written([heartbeat(), heartbeat(device="cam-2")])
    httpx.post(f"{victoria.url}/write", content=f"weather,device=cam-1 value=1,gusts=2 {NOW_NS}").raise_for_status()
    victoria.flush()
    store.erase({"device": "cam-1"})
    assert [one.tags["device"] for one in heartbeats(store)] == ["cam-2"]
    of_others = {"match[]": '{__name__=~"weather.*"}', "start": "1"}
    assert httpx.get(f"{victoria.url}/api/v1/export", params=of_others).text.count("cam-1") == 2


def test_the_probe_says_what_it_cannot_do(store, victoria):
    info = store.probe()
    assert info.product == "victoriametrics"
    assert info.durable_after_s >= 10
    assert info.can == {"erase"}
    assert any("-retentionPeriod=100y" in one for one in info.remarks)
    assert any("-dedup.minScrapeInterval=1ms" in one for one in info.remarks)
    first_start_ms = info.started_ms
    victoria.kill()
    victoria.start("-dedup.minScrapeInterval=1ms")
    info = store.probe()
    assert not any("dedup" in one for one in info.remarks)
    assert info.started_ms >= first_start_ms
    with pytest.raises(UnableStoreError, match="retention"):
        store.tend(Retention(raw_ns=DAY_NS, rollup_ns=DAY_NS), now_ns=NOW_NS)


def test_what_it_acknowledged_is_lost_with_its_process_as_the_probe_warns(store, victoria):
    store.write([heartbeat()])
    victoria.kill()
    victoria.start()
    assert heartbeats(store) == []
    assert store.probe().durable_after_s > 0


def test_other_names_for_metrics_are_an_error_that_names_the_flag(opened, victoria):
    store = opened(VictoriaStore(url=victoria.start("-influxMeasurementFieldSeparator=:").url))
    with pytest.raises(ConfigError, match="-influxMeasurementFieldSeparator=:"):
        store.probe()


def test_it_is_not_taken_for_influxdb(opened, victoria):
    with pytest.raises((StoreError, ConfigError), match=r"InfluxDB 1\.x"):
        opened(InfluxStore(url=victoria.start().url)).probe()


def test_influxdb_is_not_taken_for_it(opened, influxd):
    with pytest.raises(StoreError, match="this is no VictoriaMetrics"):
        opened(VictoriaStore(url=influxd)).probe()


def test_a_server_that_is_away_is_an_error(opened, victoria):
    store = opened(VictoriaStore(url=victoria.url))
    for call in (store.probe, lambda: store.write([heartbeat()]), lambda: heartbeats(store)):
        with pytest.raises(StoreError, match="does not answer"):
            call()

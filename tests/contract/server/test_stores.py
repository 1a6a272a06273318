"""What every time-series store must do, over SQLite, a real InfluxDB 1.x, and stand-ins for 2.x and 3."""

from __future__ import annotations

import httpx
import pytest

from skerry_edge.foundation.errors import ConfigError
from skerry_server.config.stores import InfluxStore, SqliteStore, VictoriaStore
from skerry_server.errors import RefusedPointsError, StoreError
from skerry_server.stores.base import MAX_TIME_NS, Point, Query
from skerry_server.stores.opening import known_durable_after_s

START_NS = 1_700_000_000_000_000_000


def heartbeat(device="cam-1", time_ns=START_NS, **fields):
    tags = {"site": "home", "device": device, "board": "raspberry-pi-5"}
    return Point(measurement="heartbeat", tags=tags, fields=fields or {"cpu_percent": 1.5}, time_ns=time_ns)


def inference(model="yolo@1.0.0", time_ns=START_NS, **fields):
    tags = {"site": "home", "device": "cam-1", "pipeline": "camera", "model": model}
    return Point(measurement="inference", tags=tags, fields=fields or {"frames": 10.0}, time_ns=time_ns)


def test_what_is_written_reads_back_exactly(store):
    points = [
        heartbeat(cpu_percent=0.1 + 0.2, temperature_c=-3.5, uptime_s=1e15, throttled=0.0),
        inference(frames=30.0, inference_p50_ms=12.25),
    ]
    store.write(points)
    assert store.query(Query(measurement="heartbeat")) == [points[0]]
    assert store.query(Query(measurement="inference")) == [points[1]]


def test_a_point_written_again_is_there_once(store):
    for _ in range(3):
        store.write([heartbeat()])
    assert store.query(Query(measurement="heartbeat")) == [heartbeat()]


def test_two_points_of_one_millisecond_stay_apart_by_their_last_digits(store):
    points = [heartbeat(time_ns=START_NS + seq, cpu_percent=float(seq)) for seq in (1, 2)]
    store.write(points)
    assert store.query(Query(measurement="heartbeat")) == points[::-1]


def test_the_newest_come_first_and_a_limit_takes_the_newest(store):
    points = [heartbeat(device=f"cam-{number % 3}", time_ns=START_NS + number) for number in range(10)]
    store.write(points)
    assert store.query(Query(measurement="heartbeat", limit=4)) == points[:-5:-1]


def test_tags_and_times_choose(store):
    points = [heartbeat(device=f"cam-{number % 2}", time_ns=START_NS + number) for number in range(6)]
    store.write(points)
    query = Query(
        measurement="heartbeat", tags={"device": "cam-1", "site": "home"}, start_ns=START_NS + 1, stop_ns=START_NS + 5
    )
    assert store.query(query) == [points[3], points[1]]


@pytest.mark.parametrize("board", ["a b", "a,b=c", "it's", '"quoted"', "größe 板", "x' OR 'a'='a"])
def test_tags_of_any_printable_text_are_kept_and_found(store, board):
    point = Point(
        measurement="heartbeat",
        tags={"site": "home", "device": "d", "board": board},
        fields={"cpu_percent": 1.0},
        time_ns=START_NS,
    )
    store.write([point, heartbeat()])
    assert store.query(Query(measurement="heartbeat", tags={"board": board})) == [point]


def test_the_earliest_and_the_latest_time_are_kept(store):
    points = [heartbeat(time_ns=MAX_TIME_NS - 1), heartbeat(time_ns=0)]
    store.write(points)
    assert store.query(Query(measurement="heartbeat")) == points


def test_nothing_stored_is_no_points(store):
    store.probe()
    assert store.query(Query(measurement="inference")) == []


def test_thousands_of_points_are_one_write(store):
    points = [heartbeat(device=f"cam-{number}", time_ns=START_NS + number) for number in range(5000)]
    store.write(points)
    assert len(store.query(Query(measurement="heartbeat"))) == 5000


def test_a_probe_tells_product_and_version(store):
    info = store.probe()
    assert info.product in ("sqlite", "influxdb")
    assert info.version[:1].isdigit() or info.version.startswith("v2")
    assert info.durable_after_s == 0


def test_the_version_that_answers_is_found_out(opened, influxd):
    assert opened(InfluxStore(url=influxd)).probe().version.startswith("1.")


def test_a_field_that_the_store_has_as_text_is_refused_for_good(opened, influxd):
    store = opened(InfluxStore(url=influxd))
    store.probe()
    line = f'heartbeat cpu_percent="text" {START_NS}'.encode()
    httpx.post(f"{influxd}/write", params={"db": "skerry"}, content=line).raise_for_status()
    with pytest.raises(RefusedPointsError, match="field type conflict"):
        store.write([heartbeat()])


def test_a_database_dropped_behind_our_back_is_made_again(opened, influxd):
    store = opened(InfluxStore(url=influxd))
    store.write([heartbeat()])
    httpx.post(f"{influxd}/query", params={"q": "DROP DATABASE skerry"}).raise_for_status()
    with pytest.raises(StoreError):
        store.write([heartbeat()])
    store.write([heartbeat()])
    assert store.query(Query(measurement="heartbeat")) == [heartbeat()]


def test_a_store_that_is_away_is_an_error_and_found_again_when_it_is_back(opened, free_port):
    store = opened(InfluxStore(url=f"http://127.0.0.1:{free_port()}"))
    for call in (store.probe, lambda: store.write([heartbeat()]), lambda: store.query(Query(measurement="heartbeat"))):
        with pytest.raises(StoreError, match="does not answer"):
            call()


@pytest.mark.parametrize("stand_in", ["2", "3"], indirect=True)
def test_a_wrong_token_is_an_error_that_says_so(opened, stand_in, stand_in_config):
    with pytest.raises(StoreError, match="check the user name, password or token"):
        opened(stand_in_config(stand_in, token="wrong")).write([heartbeat()])  # no secret: it is a wrong one


def test_influxdb_2_without_its_settings_names_them(opened, influxdb_2):
    with pytest.raises(ConfigError, match="token_file"):
        opened(InfluxStore(url=influxdb_2.url)).probe()


def test_a_file_that_is_no_database_is_an_error(opened, tmp_path):
    (tmp_path / "t.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="time-series file"):
        opened(SqliteStore(path="t.sqlite")).write([heartbeat()])


def test_what_is_taken_for_granted_before_a_probe_is_what_the_probe_says(store):
    assert store.probe().durable_after_s == 0
    assert [known_durable_after_s(one) for one in (SqliteStore(), InfluxStore(url="http://here"))] == [0, 0]
    assert known_durable_after_s(VictoriaStore(url="http://here")) is None

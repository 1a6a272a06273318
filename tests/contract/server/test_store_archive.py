"""Long ranges, retention and erasure: SQLite, a real InfluxDB 1.x, and the stand-ins for 2.x and 3."""

from __future__ import annotations

import time

import pytest

from skerry_server.config.stores import InfluxStore, SqliteStore
from skerry_server.errors import RefusedPointsError, TooWideError
from skerry_server.stores.archive import NS_PER_S, ROLLUP_STEP_NS, Retention, WindowQuery
from skerry_server.stores.base import Point, Query

DAY_NS = 86_400 * NS_PER_S
STEP_NS = ROLLUP_STEP_NS
NOW_NS = time.time_ns() // STEP_NS * STEP_NS
OLD_NS = NOW_NS - 10 * DAY_NS
KEEP = Retention(raw_ns=30 * DAY_NS, rollup_ns=365 * DAY_NS)
TAKEN = pytest.mark.parametrize(("aggregate", "value"), [("mean", 2.0), ("min", 1.0), ("max", 4.0), ("last", 1.0)])


def heartbeat(time_ns, value, device="cam-1", **more):
    tags = {"site": "home", "device": device, "board": "pi 5"}
    return Point(measurement="heartbeat", tags=tags, fields={"cpu_percent": value, **more}, time_ns=time_ns)


def inference(time_ns, frames):
    tags = {"site": "home", "device": "cam-1", "pipeline": "camera", "model": "yolo@1.0.0"}
    return Point(measurement="inference", tags=tags, fields={"frames": frames}, time_ns=time_ns)


def window(begin=OLD_NS, values=(1.0, 4.0, 1.0), device="cam-1"):
    return [heartbeat(begin + number * NS_PER_S + 7, value, device) for number, value in enumerate(values)]


@pytest.fixture(params=["sqlite", "influxdb 1.x"])
def keeper(request, opened):
    """The stores that make roll-ups, empty."""
    if request.param == "sqlite":
        return opened(SqliteStore(path="telemetry.sqlite"))
    return opened(InfluxStore(url=request.getfixturevalue("influxd"), database='sker"ry'))


def tend(store, retention=KEEP, now_ns=NOW_NS):
    """Do all the upkeep there is; each step is bounded, so there are some."""
    for _ in range(500):
        tended = store.tend(retention, now_ns=now_ns)
        if tended.is_done:
            return tended
    pytest.fail("upkeep never ends")


def asked(store, **query):
    given = {"measurement": "heartbeat", "step_ns": STEP_NS, "start_ns": OLD_NS - DAY_NS, "stop_ns": NOW_NS} | query
    return [(one.tags["device"], one.time_ns, one.fields) for one in store.windows(WindowQuery(**given))]


def test_series_that_have_a_tag_in_common_are_taken_together(store):
    store.probe()
    store.write([*window(), *window(device="cam-2", values=(5.0, 8.0, 5.0)), *window(OLD_NS + STEP_NS, (7.0,))])
    query = {"measurement": "heartbeat", "step_ns": STEP_NS, "start_ns": OLD_NS, "stop_ns": NOW_NS, "by": ("board",)}
    found = [(one.tags, one.time_ns, one.fields) for one in store.windows(WindowQuery(**query))]
    board = {"board": "pi 5"}
    assert found == [(board, OLD_NS + STEP_NS, {"cpu_percent": 7.0}), (board, OLD_NS, {"cpu_percent": 4.0})]
    one = WindowQuery(**query | {"tags": {"device": "cam-2"}, "by": ("site", "board"), "aggregate": "max"})
    assert [(one.tags, one.fields) for one in store.windows(one)] == [(board | {"site": "home"}, {"cpu_percent": 8.0})]


@TAKEN
def test_a_window_is_its_points_taken_together_series_by_series(store, aggregate, value):
    store.probe()
    store.write(
        [
            *window(),
            *window(device="cam-2", values=(3.0,)),
            *window(OLD_NS + 2 * STEP_NS, (5.0,)),
            inference(OLD_NS, 9.0),
        ]
    )
    found = asked(store, aggregate=aggregate)
    assert found[0] == ("cam-1", OLD_NS + 2 * STEP_NS, {"cpu_percent": 5.0})
    assert sorted(found[1:]) == [
        ("cam-1", OLD_NS, {"cpu_percent": value}),
        ("cam-2", OLD_NS, {"cpu_percent": 3.0}),
    ]
    assert asked(store, aggregate=aggregate, limit=1) == found[:1]
    assert asked(store, aggregate=aggregate, tags={"device": "cam-2"}) == [("cam-2", OLD_NS, {"cpu_percent": 3.0})]


def test_only_the_fields_that_are_wanted_are_taken(store):
    store.probe()
    store.write([heartbeat(OLD_NS, 1.0, disk_free_mb=7.0), heartbeat(OLD_NS + STEP_NS, 1.0)])
    assert asked(store, fields=("disk_free_mb", "no_such")) == [("cam-1", OLD_NS, {"disk_free_mb": 7.0})]


@TAKEN
def test_roll_ups_say_what_the_points_said(keeper, aggregate, value):
    keeper.write([*window(), *window(OLD_NS + STEP_NS, (5.0, 7.0)), inference(OLD_NS, 9.0), heartbeat(NOW_NS, 0.0)])
    before = {step: asked(keeper, aggregate=aggregate, step_ns=step) for step in (STEP_NS, 2 * STEP_NS)}
    assert before[STEP_NS][-1] == ("cam-1", OLD_NS, {"cpu_percent": value})
    tended = tend(keeper)
    assert tended.rolled_until_ns >= NOW_NS - 7 * DAY_NS - 2 * STEP_NS
    assert asked(keeper, aggregate=aggregate) == before[STEP_NS]
    assert asked(keeper, measurement="inference", aggregate=aggregate) == [("cam-1", OLD_NS, {"frames": 9.0})]


def test_what_is_older_than_points_are_kept_is_rolled_up_before_it_goes(keeper):
    begin = NOW_NS - 4 * DAY_NS
    keeper.write([*window(begin), heartbeat(NOW_NS, 0.0)])
    tend(keeper, Retention(raw_ns=2 * DAY_NS, rollup_ns=365 * DAY_NS))
    assert asked(keeper) == [("cam-1", begin, {"cpu_percent": 2.0})]
    assert asked(keeper, step_ns=NS_PER_S) == [("cam-1", begin, {"cpu_percent": 2.0})]


def test_points_go_when_they_are_old_and_their_roll_ups_stay(opened):
    store = opened(SqliteStore())
    store.write([*window(), *window(NOW_NS - 10 * STEP_NS, (5.0,))])
    tend(store, Retention(raw_ns=DAY_NS, rollup_ns=30 * DAY_NS))
    assert [one.time_ns for one in store.query(Query(measurement="heartbeat"))] == [NOW_NS - 10 * STEP_NS + 7]
    assert asked(store) == [
        ("cam-1", NOW_NS - 10 * STEP_NS, {"cpu_percent": 5.0}),
        ("cam-1", OLD_NS, {"cpu_percent": 2.0}),
    ]
    # Finer than roll-ups, what is old is as fine as there is.
    assert [at for _, at, _ in asked(store, step_ns=NS_PER_S)] == [NOW_NS - 10 * STEP_NS, OLD_NS]
    with pytest.raises(RefusedPointsError, match="older than what the store keeps"):
        store.write(window())
    tend(store, Retention(raw_ns=DAY_NS, rollup_ns=2 * DAY_NS))
    assert [at for _, at, _ in asked(store)] == [NOW_NS - 10 * STEP_NS]


def test_influxdb_lets_go_of_what_is_older_than_it_is_told(opened, influxd):
    store = opened(InfluxStore(url=influxd))
    store.write(window())
    tend(store, Retention(raw_ns=DAY_NS, rollup_ns=30 * DAY_NS))
    with pytest.raises(RefusedPointsError, match="beyond retention policy"):
        store.write([*window(OLD_NS - 30 * DAY_NS), heartbeat(NOW_NS, 1.0)])


def test_a_point_that_comes_late_is_in_the_roll_up_after_the_next_upkeep(opened):
    store = opened(SqliteStore())
    store.write([*window(values=(1.0, 1.0)), heartbeat(NOW_NS, 0.0)])
    tend(store)
    store.write([heartbeat(OLD_NS + 60 * NS_PER_S, 7.0)])
    assert asked(store) == [("cam-1", OLD_NS, {"cpu_percent": 3.0})]
    tend(store)
    assert asked(store) == [("cam-1", OLD_NS, {"cpu_percent": 3.0})]
    store.write([heartbeat(OLD_NS + 60 * NS_PER_S, 7.0)])
    tend(store)
    assert asked(store) == [("cam-1", OLD_NS, {"cpu_percent": 3.0})]


def test_a_clock_that_was_set_far_ahead_does_not_empty_the_store(opened):
    store = opened(SqliteStore())
    store.write(window())
    tend(store, now_ns=NOW_NS + 50 * 365 * DAY_NS)
    assert len(store.query(Query(measurement="heartbeat"))) == 3
    store.write([heartbeat(NOW_NS, 1.0)])
    assert len(store.query(Query(measurement="heartbeat"))) == 4


def test_what_would_take_too_much_memory_is_too_wide(opened, monkeypatch):
    monkeypatch.setattr("skerry_server.stores.sqlite_windows.MAX_VALUES", 5)
    store = opened(SqliteStore())
    store.write([heartbeat(OLD_NS + number * STEP_NS, 1.0) for number in range(6)])
    with pytest.raises(TooWideError, match="shorter range"):
        asked(store)
    assert len(asked(store, start_ns=OLD_NS + STEP_NS)) == 5


def test_every_step_of_upkeep_is_bounded_and_leaves_right_answers(opened):
    store = opened(SqliteStore())
    store.write([heartbeat(OLD_NS + number * STEP_NS, float(number)) for number in range(700)])
    right, steps = asked(store), 0
    while not store.tend(Retention(raw_ns=2 * DAY_NS, rollup_ns=30 * DAY_NS), now_ns=NOW_NS).is_done:
        steps += 1
        assert asked(store) == right
    assert steps > 50


@pytest.mark.parametrize("kind", ["sqlite", "influxdb 1.x", "influxdb 2.x"])
def test_a_device_is_forgotten_with_its_roll_ups_and_comes_back_as_new(
    request, opened, stand_in_config, kind, tmp_path
):
    configs = {
        "sqlite": lambda: SqliteStore(path="t.sqlite"),
        "influxdb 1.x": lambda: InfluxStore(url=request.getfixturevalue("influxd")),
        "influxdb 2.x": lambda: stand_in_config(request.getfixturevalue("influxdb_2")),
    }
    store = opened(configs[kind]())
    store.write([*window(device="secret-cam"), *window(device="cam-2"), heartbeat(NOW_NS, 0.0, "cam-2")])
    if kind != "influxdb 2.x":
        tend(store)
    store.erase({"device": "secret-cam"})
    assert {device for device, _, _ in asked(store)} == {"cam-2"}
    assert {one.tags["device"] for one in store.query(Query(measurement="heartbeat"))} == {"cam-2"}
    assert not any(b"secret-cam" in path.read_bytes() for path in tmp_path.glob("t.sqlite*"))
    store.write(window(NOW_NS - STEP_NS, device="secret-cam", values=(8.0,)))
    assert asked(store, tags={"device": "secret-cam"}) == [("secret-cam", NOW_NS - STEP_NS, {"cpu_percent": 8.0})]
    with pytest.raises(ValueError, match="everything"):
        store.erase({})


def test_a_device_that_another_process_erased_is_stored_as_new(opened):
    here, there = opened(SqliteStore(path="t.sqlite")), opened(SqliteStore(path="t.sqlite"))
    here.write(window())
    there.erase({"device": "cam-1"})
    here.write([heartbeat(OLD_NS, 7.0)])
    assert there.query(Query(measurement="heartbeat", tags={"device": "cam-1"})) == [heartbeat(OLD_NS, 7.0)]

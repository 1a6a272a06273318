"""Which part of a range comes from roll-ups, and what windows are made of."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_server.errors import StoreError
from skerry_server.stores.archive import NS_PER_S, ROLLUP_STEP_NS, WindowQuery
from skerry_server.stores.ranges import plan
from skerry_server.stores.summaries import of_point, take_in
from skerry_server.stores.victoriametrics_settings import duration_s, read_settings

STEP = ROLLUP_STEP_NS


def parts(step_ns, start, stop, *, rolled_until, kept_since):
    query = WindowQuery(measurement="heartbeat", step_ns=step_ns, start_ns=start, stop_ns=stop)
    planned = plan(query, rolled_until_ns=rolled_until, kept_since_ns=kept_since)
    return [(one.source, one.start_ns, one.stop_ns, one.step_ns) for one in planned]


def test_a_fine_step_takes_points_for_as_long_as_there_are_any():
    found = parts(NS_PER_S, 0, 9 * STEP, rolled_until=8 * STEP, kept_since=3 * STEP)
    assert found == [("rollups", 0, 3 * STEP, STEP), ("points", 3 * STEP, 9 * STEP, NS_PER_S)]


def test_a_coarse_step_takes_roll_ups_and_points_only_for_the_newest():
    found = parts(2 * STEP, 0, 9 * STEP, rolled_until=7 * STEP, kept_since=3 * STEP)
    assert found == [("rollups", 0, 6 * STEP, 2 * STEP), ("points", 6 * STEP, 9 * STEP, 2 * STEP)]


def test_a_step_is_made_a_multiple_of_that_of_roll_ups():
    assert parts(STEP + 1, 0, STEP, rolled_until=STEP, kept_since=0)[0][3] == 2 * STEP


def test_a_window_longer_than_points_are_kept_takes_roll_ups_alone():
    assert parts(8 * STEP, 0, 9 * STEP, rolled_until=7 * STEP, kept_since=3 * STEP) == [
        ("rollups", 0, 9 * STEP, 8 * STEP)
    ]


def test_without_roll_ups_everything_is_points():
    assert parts(STEP, 5, 9 * STEP, rolled_until=0, kept_since=0) == [("points", 5, 9 * STEP, STEP)]


def test_a_range_of_points_alone_begins_where_it_is_asked_to():
    found = parts(NS_PER_S, 5 * STEP + 9, 6 * STEP, rolled_until=8 * STEP, kept_since=3 * STEP)
    assert found == [("points", 5 * STEP + 9, 6 * STEP, NS_PER_S)]


def test_windows_have_a_length():
    with pytest.raises(ValueError, match="length"):
        WindowQuery(measurement="heartbeat", step_ns=0)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_a_summary_is_that_of_all_its_values_however_large(values):
    summaries = {}
    for at, value in enumerate(values):
        take_in(summaries, of_point({"x": value}, at))
    one = summaries["x"]
    assert (one.count, one.min, one.max, one.last) == (len(values), min(values), max(values), values[-1])
    assert one.min <= one.mean <= one.max
    scale = max(map(abs, values)) or 1.0
    assert one.mean / scale == pytest.approx(math.fsum(value / scale for value in values) / len(values), abs=1e-9)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1", 31 * 86_400), ("30d", 30 * 86_400), ("1h30m", 5_400), ("100y", 100 * 365 * 86_400), ("1.5d", 129_600)],
)
def test_a_retention_is_read_as_victoriametrics_writes_it(text, seconds):
    assert duration_s(text, plain_unit_s=31 * 86_400) == seconds


@pytest.mark.parametrize("text", ["", "forever", "1x", "-1d"])
def test_a_retention_of_another_form_is_an_error(text):
    with pytest.raises(StoreError, match="not known"):
        duration_s(text, plain_unit_s=1.0)


def test_a_newer_victoriametrics_says_how_long_it_holds_data_in_memory():
    metrics = (
        'vm_app_version{version="victoria-metrics-v1.99.0", short_version="v1.99.0"} 1\n'
        'flag{name="retentionPeriod", value="1", is_set="false"} 1\n'
        'flag{name="inmemoryDataFlushInterval", value="30s", is_set="true"} 1\n'
        "process_start_time_seconds 1700000000\n"
    )
    settings = read_settings(metrics, where="w")
    assert (settings.version, settings.durable_after_s, settings.started_ms) == ("v1.99.0", 70.0, 1_700_000_000_000)
    with pytest.raises(StoreError, match="does not say when it was started"):
        read_settings(metrics.replace("process_start_time_seconds", "other"), where="w")

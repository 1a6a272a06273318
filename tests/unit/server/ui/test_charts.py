"""Charts: to scale, broken where nothing was heard, with words for whoever cannot see them."""

from __future__ import annotations

from skerry_server.stores.base import Point
from skerry_server.ui.views.charts import Span, chart
from skerry_server.ui.views.history import RANGES, machine_charts, pipeline_charts, queries

SPAN = Span(start_ms=0, end_ms=600_000, step_ms=60_000)


def path(points, **options):
    return chart("t", "°C", {"a": points}, SPAN, **options).lines[0].path


def test_points_are_put_to_scale():
    assert path([(0, 0.0), (60_000, 50.0), (120_000, 100.0)]) == "M0.0 100.0h0L60.0 50.0L120.0 0.0"


def test_a_line_is_broken_where_nothing_was_heard():
    assert path([(0, 100.0), (60_000, 100.0), (600_000, 100.0)]) == "M0.0 0.0h0L60.0 0.0M600.0 0.0h0"


def test_a_scale_without_floor_begins_at_the_smallest_value():
    assert path([(0, 60.0), (60_000, 70.0)], floor=None) == "M0.0 100.0h0L60.0 0.0"


def test_values_that_are_all_the_same_lie_on_a_line():
    assert path([(0, 0.0), (60_000, 0.0)]) == "M0.0 100.0h0L60.0 100.0"


def test_a_chart_without_points_is_none_and_a_line_without_points_is_left_out():
    assert chart("t", "", {"a": []}, SPAN) is None
    made = chart("t", "", {"a": [], "b": [(0, 1.0)]}, SPAN)
    assert [one.name for one in made.lines] == ["b"]


def test_a_chart_says_in_words_what_it_shows():
    assert chart("t", "ms", {"p50": [(0, 9.0), (1, 4.25)]}, SPAN).words == "p50: newest 4.2, largest 9 ms"


def point(measurement, time_ns, tags, **fields):
    return Point(measurement=measurement, tags=tags, fields=fields, time_ns=time_ns)


def test_a_devices_numbers_become_a_chart_for_each_kind_that_there_is():
    points = [point("heartbeat", at * 60_000_000_000, {}, temperature_c=50.0 + at) for at in (2, 1)]
    (made,) = machine_charts(points, SPAN)
    assert (made.title, made.top, made.bottom) == ("Temperature", "52", "51")
    limited = [point("heartbeat", 60_000_000_000, {}, temperature_c=51.0, temperature_trip_c=85.0)]
    (made,) = machine_charts(limited, SPAN)
    assert [(line.name, line.newest) for line in made.lines] == [("processor", "51"), ("limit", "85")]
    tags = {"pipeline": "camera", "model": "signs@1.0.0"}
    made = pipeline_charts([point("inference", 0, tags, inference_p50_ms=3.0, frames=9.0, drops=1.0)], SPAN)
    assert [one.title for one in made] == [
        "Latency · camera, signs 1.0.0",
        "Frames in a heartbeat · camera, signs 1.0.0",
    ]


def test_every_range_asks_for_few_windows():
    for chosen in RANGES:
        asked = queries("cam-1", chosen, now_ns=10**19)
        assert {one.tags["device"] for one in asked.values()} == {"cam-1"}
        assert all((one.stop_ns - one.start_ns) / one.step_ns <= 366 for one in asked.values())

"""The dashboard's rows: order, texts, and what is shown where something is unknown."""

from __future__ import annotations

import time

import pytest

from skerry_server.api.schemas import EventOut
from skerry_server.ui.rows import (
    NOTHING,
    ago,
    clock_time,
    crop_style,
    device_rows,
    event_rows,
    latency_text,
    model_text,
)

SESSIONS = {"cam-1": "00000002-0000abcd"}


def event(**changes):
    values = {
        "id": 1,
        "device": "cam-1",
        "site": "home",
        "kind": "detection",
        "label": "car",
        "pipeline": "p",
        "phase": "instant",
        "session": "00000002-0000abcd",
        "ts_ms": 0,
        "received_ms": 0,
        "clock_synced": True,
        "replayed": False,
        "score": 0.876,
        "box": None,
        "model": None,
        "model_version": None,
        "latency_ms": 12.4,
        "message": None,
        "track": None,
        "began_ms": None,
        "zones": [],
        "before": None,
        "snapshot": None,
        "snapshot_of": None,
        "snapshot_ms": None,
    }
    return EventOut(**(values | changes))


def test_the_devices_that_need_somebody_come_first(make_device):
    rows = device_rows(
        [
            make_device(device="b"),
            make_device(device="a"),
            make_device(device="c", presence="offline"),
            make_device(device="d", presence="degraded"),
        ],
        now_ms=10_000,
    )
    assert [row["device"] for row in rows] == ["c", "d", "a", "b"]


def test_an_unknown_figure_is_a_dash_and_not_zero(make_device):
    (row,) = device_rows([make_device()], now_ms=10_000)
    assert (row["temperature"], row["model"]) == (NOTHING, NOTHING)


def test_a_device_that_is_away_says_why_and_since_when(make_device):
    (row,) = device_rows([make_device(presence="offline", reason="connection lost", since_ms=5_000)], now_ms=10_000)
    assert row["note"] == "connection lost (5 s ago)"


def test_a_hot_or_throttled_device_stands_out(make_device):
    assert device_rows([make_device(temperature_c=80.0)], now_ms=0)[0]["hot"]
    assert device_rows([make_device(throttled=True)], now_ms=0)[0]["hot"]
    assert not device_rows([make_device(temperature_c=50.0)], now_ms=0)[0]["hot"]


def test_a_clock_that_is_not_synchronised_is_told_once_with_the_device(make_device):
    (row,) = device_rows([make_device(board="raspberry-pi-5", clock_synced=False)], now_ms=0)
    assert row["place"] == "home · raspberry-pi-5 · clock not synchronised"
    (row,) = device_rows([make_device(clock_synced=None)], now_ms=0)
    assert row["place"] == "home"
    (row,) = event_rows([event(clock_synced=False)], sessions=SESSIONS)
    assert row["note"] == ""


def test_a_weak_supply_is_told_with_the_device(make_device):
    (row,) = device_rows([make_device(undervoltage=True, throttled=True)], now_ms=0)
    assert row["note"] == "under-voltage · throttled"


def test_an_event_shows_score_and_latency_in_plain_figures():
    (row,) = event_rows([event()], sessions=SESSIONS)
    assert (row["score"], row["latency"], row["note"]) == ("88%", "12 ms", "")


def test_an_event_says_what_is_unusual_about_it():
    (row,) = event_rows(
        [event(message="no camera", phase="begin", replayed=True, clock_synced=False)], sessions=SESSIONS
    )
    assert row["note"] == "no camera · in sight · sent later"


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"phase": "begin", "began_ms": 5_000, "ts_ms": 5_000, "zones": ["drive", "gate"]}, "in sight · drive · gate"),
        ({"phase": "update", "began_ms": 5_000, "ts_ms": 9_000}, "in sight"),
        ({"phase": "update", "session": "00000001-0000abcd"}, "in sight until the agent ended"),
        ({"phase": "begin", "device": "never-heard-of"}, "in sight"),
        ({"phase": "end", "began_ms": 5_000, "ts_ms": 17_900}, "gone after 12 s"),
        ({"phase": "end", "began_ms": 5_000, "ts_ms": 5_100}, "gone"),
        ({"phase": "end", "began_ms": 5_000, "ts_ms": 4_000}, "gone"),
        ({"phase": "end"}, "gone"),
    ],
)
def test_an_object_that_lasts_says_where_it_is_or_that_it_is_gone(changes, note):
    assert event_rows([event(track="a-1", **changes)], sessions=SESSIONS)[0]["note"] == note


@pytest.mark.parametrize(
    ("elapsed_ms", "text"),
    [
        (-5, "now"),
        (999, "now"),
        (1_000, "1 s ago"),
        (61_000, "1 min ago"),
        (7_200_000, "2 h ago"),
        (3 * 86_400_000, "3 d ago"),
    ],
)
def test_how_long_ago_is_told_in_the_largest_whole_unit(elapsed_ms, text):
    assert ago(1_000_000_000, now_ms=1_000_000_000 + elapsed_ms) == text


def test_never_heard_is_never():
    assert ago(None, now_ms=1) == "never"


def test_a_time_of_another_day_has_its_date():
    assert "-" in clock_time(0)
    assert "-" not in clock_time(time.time_ns() // 1_000_000)


@pytest.mark.parametrize(
    ("box", "style"),
    [
        ((0.25, 0.5, 0.35, 0.6), "width: 267px; transform: translate(-30.00%, -55.00%)"),
        (None, "width: 40px; transform: translate(-50.00%, -50.00%)"),
        ((0.5, 0.5, 0.5, 0.5), "width: 1600px; transform: translate(-50.00%, -50.00%)"),
        ((-1e300, 0.0, 1e300, 1.0), "width: 40px; transform: translate(-50.00%, -50.00%)"),
        ((0.9, 0.9, 0.1, 0.1), "width: 1600px; transform: translate(-50.00%, -50.00%)"),
    ],
)
def test_a_thumbnail_shows_the_box_whatever_a_device_says(box, style):
    assert crop_style(box) == style


def test_a_thumbnail_is_cut_out_by_the_box_of_the_event_that_its_picture_came_with():
    gone = event(snapshot="/p", box=[0.8, 0.8, 0.9, 0.9], snapshot_box=[0.25, 0.5, 0.35, 0.6])
    (row,) = event_rows([gone], sessions=SESSIONS)
    assert row["crop"] == crop_style((0.25, 0.5, 0.35, 0.6))


def test_a_hash_that_stands_for_a_version_is_cut_and_a_version_is_not():
    assert model_text("Alexa sha256:9011a8155b04") == "Alexa 9011a815"
    assert model_text("skerry-signs 1.0.0") == "skerry-signs 1.0.0"


def test_a_latency_under_a_millisecond_is_not_called_zero():
    assert [latency_text(one) for one in (None, 0.0, 0.4, 1.0, 12.6)] == ["", "< 1 ms", "< 1 ms", "1 ms", "13 ms"]


def test_each_model_of_a_device_stands_on_a_line_of_its_own(make_device):
    (row,) = device_rows([make_device(models=["a 1.0.0", "b 2.0.0"])], now_ms=0)
    assert row["model"] == "a 1.0.0\nb 2.0.0"

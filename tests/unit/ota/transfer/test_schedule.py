"""When a device begins with an update."""

from __future__ import annotations

from datetime import time

import pytest

from skerry_edge.ota.transfer.schedule import Window, may_begin, start_delay_s

NIGHT = Window.parse("22:30-05:00")


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("02:00-05:00", [time(2), time(4, 59, 59)], [time(1, 59), time(5), time(23)]),
        ("22:30-05:00", [time(22, 30), time(0), time(4, 59)], [time(5), time(22, 29)]),
        ("03:00-03:00", [time(0), time(3), time(23, 59)], []),
    ],
)
def test_a_window_has_its_begin_and_not_its_end_and_may_go_over_midnight(text, inside, outside) -> None:
    window = Window.parse(text)
    assert all(window.holds(one) for one in inside)
    assert not any(window.holds(one) for one in outside)


def test_without_a_window_or_a_clock_nobody_waits() -> None:
    assert may_begin(None, time(12))
    assert may_begin(NIGHT, None)
    assert not may_begin(NIGHT, time(12))


def test_a_fleet_is_spread_evenly_and_each_device_keeps_its_place() -> None:
    delays = [start_delay_s("order-1", f"device-{number}", 600) for number in range(2000)]
    assert delays[5] == start_delay_s("order-1", "device-5", 600)
    assert delays[5] != start_delay_s("order-2", "device-5", 600)
    assert all(0 <= one < 600 for one in delays)
    assert [sum(lower <= one < lower + 100 for one in delays) > 250 for lower in range(0, 600, 100)] == [True] * 6

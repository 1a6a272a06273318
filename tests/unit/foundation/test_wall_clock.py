"""Times for messages, whatever the clock shows."""

from __future__ import annotations

import time

import pytest

from skerry_edge.foundation.wall_clock import unix_ms


def test_the_time_is_in_milliseconds_and_may_lie_back() -> None:
    assert abs(unix_ms() - time.time() * 1e3) < 60_000
    assert 60_000 <= unix_ms() - unix_ms(ago_s=120.0) <= 180_000


def test_a_time_before_1970_is_0(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unix_ms(ago_s=1e12) == 0
    monkeypatch.setattr(time, "time_ns", lambda: -(10**18))
    assert unix_ms() == 0

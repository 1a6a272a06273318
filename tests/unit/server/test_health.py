"""The server's health: what it counts, and what that costs a process which nobody asks."""

from __future__ import annotations

import tracemalloc

import pytest

from skerry_server.health import RATE_WINDOW_S, Health


@pytest.fixture
def clock(monkeypatch):
    """Give the monotonic clock that health goes by: set its ``s``."""

    class Clock:
        s = 0.0

    monkeypatch.setattr("skerry_server.health.time.monotonic", lambda: Clock.s)
    return Clock


def test_a_rate_is_of_the_last_seconds_only(clock):
    health = Health()
    health.settle(1_000)
    clock.s = RATE_WINDOW_S / 2
    health.settle(50)
    assert health.counts().per_second == 1_050 / RATE_WINDOW_S
    clock.s = RATE_WINDOW_S + 1
    assert health.counts().per_second == 50 / RATE_WINDOW_S
    assert health.counts().durable == 1_050


def test_a_worker_whose_health_nobody_reads_does_not_grow(clock):
    health = Health()
    tracemalloc.start()
    try:
        for batch in range(50_000):
            clock.s = batch / 40
            health.settle(100)
        held_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held_bytes < 500_000

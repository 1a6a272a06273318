"""When a device begins with a fresh order, and what it says until then."""

from __future__ import annotations

from datetime import time

import pytest

from skerry_edge.agent.updates.beginning import WINDOW_S, beginning
from skerry_edge.contracts.release import REASONS
from skerry_edge.ota.settings import OtaSettings

DEVICE, ORDER = "cam-1", "o1"


def at(now_s: float, *, window: str | None = None, local: time | None = None, spread_s: float = 600.0):
    settings = OtaSettings(mirrors=("/none",), window=window, spread_s=spread_s)
    return beginning(ORDER, DEVICE, settings, seen_s=100.0, now_s=now_s, local=local)


def test_a_device_waits_for_its_turn_and_says_how_long_and_why() -> None:
    waits = at(100.0)
    assert 100.0 < waits.due_s < 700.0
    assert waits.reason == "spread"
    assert f"{waits.due_s - 100.0:.0f} s after" in (waits.detail or "")
    assert "spread_s is 600" in (waits.detail or "")
    assert at(150.0).detail == waits.detail, "one that changed with the time would be reported each time"
    assert at(waits.due_s).reason is None


def test_a_device_waits_for_its_window_and_says_which() -> None:
    waits = at(1000.0, window="02:00-05:00", local=time(12))
    assert (waits.due_s, waits.reason) == (1000.0 + WINDOW_S, "window")
    assert "02:00-05:00" in (waits.detail or "")
    assert at(1000.0, window="02:00-05:00", local=time(3)).reason is None
    assert at(1000.0, window="02:00-05:00", local=None).reason is None, "no clock tells when that would be"


@pytest.mark.parametrize("waits", [at(100.0), at(1000.0, window="02:00-05:00", local=time(12))])
def test_what_is_waited_for_has_a_sentence_for_people(waits) -> None:
    assert waits.reason in REASONS

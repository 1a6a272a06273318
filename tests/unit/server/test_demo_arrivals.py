"""What the demo makes of what arrived: its judgement and its closing table."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from rich.console import Console

from skerry_edge.foundation.errors import VerdictError
from skerry_server.demo.arrivals import Arrivals, Event, missing, require_all
from skerry_server.demo.table import print_arrivals

AGENT = "demo-agent"
DEVICES = [AGENT, "sim-0001"]


def event(kind="detection", *, device=AGENT, latency_ms=10.0, delivery_ms=12):
    return Event(device=device, kind=kind, label="thing", latency_ms=latency_ms, delivery_ms=delivery_ms)


def arrivals(*events, heartbeats=(AGENT, "sim-0001")):
    return Arrivals(heartbeats=Counter(heartbeats), events=events, dead_letters=0)


def printed(found):
    text = io.StringIO()
    print_arrivals(found, Console(file=text, width=120))
    return text.getvalue()


def test_nothing_is_missing_where_all_devices_beat_and_the_agent_saw_and_heard():
    assert missing(arrivals(event(), event("wakeword")), devices=DEVICES, agent=AGENT) == []


def test_each_device_that_was_not_heard_is_named():
    lacking = missing(arrivals(event(), event("wakeword"), heartbeats=[AGENT]), devices=DEVICES, agent=AGENT)
    assert lacking == ["a heartbeat of 'sim-0001'"]


def test_a_simulated_detection_does_not_stand_for_the_agents():
    found = arrivals(event(device="sim-0001"), event("wakeword"))
    assert missing(found, devices=DEVICES, agent=AGENT) == [f"a detection event of '{AGENT}'"]


def test_what_is_missing_is_a_verdict_with_the_agents_last_words():
    require_all([], hint="")
    with pytest.raises(VerdictError) as caught:
        require_all(["a heartbeat of 'x'"], hint="it broke")
    assert "a heartbeat of 'x'" in str(caught.value)
    assert "it broke" in str(caught.value)


def test_latencies_are_those_that_were_measured_and_not_those_of_simulated_devices():
    found = arrivals(
        event(latency_ms=11.0, delivery_ms=15), event(device="sim-0001", latency_ms=777.0, delivery_ms=888)
    )
    text = printed(found)
    assert "777" not in text
    assert "888" not in text
    (decided,) = (line for line in text.splitlines() if "capture to decision" in line)
    (delivered,) = (line for line in text.splitlines() if "capture to server" in line)
    assert "11.0" in decided
    assert "15.0" in delivered


def test_a_table_of_nothing_says_so():
    assert printed(arrivals(heartbeats=[])).count("none") == 2

"""What the demo makes of what arrived: its judgement and its closing table."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace

import pytest
from rich.console import Console

from skerry_edge.foundation.errors import VerdictError
from skerry_server.demo.agreement import Agreement, Look
from skerry_server.demo.arrivals import Arrivals, Event, missing, read_looks, require_all
from skerry_server.demo.table import print_arrivals
from skerry_server.stores.base import Point

AGENT = "demo-agent"
DEVICES = [AGENT, "sim-0001"]


def event(kind="detection", *, device=AGENT, ts_ms=1, box=None, latency_ms=10.0, delivery_ms=12):
    return Event(
        device=device, kind=kind, label="thing", ts_ms=ts_ms, box=box, latency_ms=latency_ms, delivery_ms=delivery_ms
    )


def arrivals(*events, heartbeats=(AGENT, "sim-0001")):
    return Arrivals(heartbeats=Counter(heartbeats), events=events, dead_letters=0)


def lacking_in(found, agreement=None):
    return missing(found, devices=DEVICES, agent=AGENT, agreement=agreement)


def printed(found):
    text = io.StringIO()
    print_arrivals(found, Console(file=text, width=120))
    return text.getvalue()


def test_nothing_is_missing_where_all_devices_beat_and_the_agent_saw_and_heard():
    assert lacking_in(arrivals(event(), event("wakeword"))) == []


def test_each_device_that_was_not_heard_is_named():
    assert lacking_in(arrivals(event(), event("wakeword"), heartbeats=[AGENT])) == ["a heartbeat of 'sim-0001'"]


def test_a_simulated_detection_does_not_stand_for_the_agents():
    found = arrivals(event(device="sim-0001"), event("wakeword"))
    assert lacking_in(found) == [f"a detection event of '{AGENT}'"]


def test_a_detector_that_is_mostly_blind_is_told_with_the_figures():
    agreement = Agreement(shown=5, found=2, events=9, wrong=7)
    (lacking,) = lacking_in(arrivals(event(), event("wakeword")), agreement)
    assert lacking == "half of the signs (2 of 5 shown were named rightly, and 7 detections fit none)"
    assert lacking_in(arrivals(event(), event("wakeword")), replace(agreement, found=3, wrong=2)) == []
    too_short = Agreement(shown=0, found=0, events=0, wrong=0)
    assert lacking_in(arrivals(event(), event("wakeword")), too_short) == ["a sign that was passed"]


def test_only_the_devices_own_detections_that_have_a_place_are_judged_in_the_order_of_time():
    box = (0.1, 0.1, 0.2, 0.2)
    seen = [event(ts_ms=9, box=box), event(ts_ms=3, box=box), event(ts_ms=4)]
    found = arrivals(*seen, event(device="sim-0001", box=box), event("wakeword"))
    assert [one.ts_ms for one in found.named(AGENT)] == [3, 9]


def test_how_far_the_camera_had_come_is_summed_up_over_its_heartbeats(store):
    tags = {"site": "demo", "device": AGENT, "pipeline": "camera", "model": "m@1"}
    for tags_of, time_ms, frames, drops in [
        (tags, 4_000, 18.0, 2.0),
        (tags, 2_000, 15.0, 0.0),
        (tags | {"pipeline": "ear"}, 3_000, 99.0, 0.0),
        (tags | {"device": "sim-0001"}, 3_000, 99.0, 0.0),
    ]:
        fields = {"frames": frames, "drops": drops}
        store.write([Point(measurement="inference", tags=tags_of, fields=fields, time_ns=time_ms * 1_000_000)])
    looks = read_looks(store, device=AGENT, pipeline="camera")
    assert looks == [Look(ts_ms=2_000, frames=15), Look(ts_ms=4_000, frames=35)]


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

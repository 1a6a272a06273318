"""What the dashboard says of one device's updates."""

from __future__ import annotations

from skerry_server.registry.models import Device, RolloutDeviceRow, RolloutRow
from skerry_server.ui.views.updates import order_lines, runs_lines, taken_line

ORDER = {"id": "order-1", "version": "2.0.0", "counter": 2, "probation_s": 5, "deadline_s": 60}


def taken(**changes):
    rollout = RolloutRow(id=7, kind="model", name="signs", version="2.0.0", state="running")
    values = {"rollout": 7, "device": "cam-1", "stage": 1, "state": "ordered", "order_id": "order-1"}
    values |= {"phase": "download", "progress_bytes": 1, "total_bytes": 4, "ordered_ms": 1_700_000_000_000}
    return rollout, RolloutDeviceRow(**(values | changes))


def test_what_runs_is_the_agent_and_each_model():
    device = Device(id="cam-1", agent_version="0.1.0", models=["signs 1.0.0", "words sha256:0123456789abcdef"])
    assert runs_lines(device) == [("Agent", "0.1.0"), ("signs", "1.0.0"), ("words", "01234567")]
    assert runs_lines(None) == []


def test_an_order_names_its_rollout_and_how_far_it_is():
    (line,) = order_lines({"model/signs": ORDER}, [taken()])
    assert (line.subject, line.version, line.rollout, line.progress) == ("signs", "2.0.0", 7, "ordered · download 25%")


def test_an_order_whose_rollout_is_forgotten_is_shown_all_the_same():
    (line,) = order_lines({"agent/skerry": ORDER}, [taken(order_id="another")])
    assert (line.subject, line.version, line.rollout, line.progress) == ("agent", "2.0.0", 0, "—")


def test_a_rollout_is_shown_as_this_device_took_it():
    line = taken_line(*taken(state="rolled-back", reason="crashed", detail="three times", phase="report-fail"))
    assert (line.release, line.state, line.device.state, line.device.tone) == (
        "signs 2.0.0",
        "running",
        "rolled-back",
        "bad",
    )
    assert line.device.why == "crashed: three times"

"""The cardinality guard: what is new is counted, what is known costs nothing, what is too much is refused whole."""

from __future__ import annotations

from types import SimpleNamespace

from skerry_server.config.limits import Limits
from skerry_server.ingest.cardinality import CardinalityGuard
from skerry_server.stores.base import Point


def heartbeat(board="pi", **fields):
    tags = {"site": "home", "device": "cam-1", "board": board}
    return Point(measurement="heartbeat", tags=tags, fields=fields or {"cpu_percent": 1.0}, time_ns=1)


def inference(model, pipeline="camera"):
    tags = {"site": "home", "device": "cam-1", "pipeline": pipeline, "model": model}
    return Point(measurement="inference", tags=tags, fields={"frames": 1.0}, time_ns=1)


def device():
    return SimpleNamespace(series=(), fields_brought=0)


def test_what_is_within_the_limits_passes_again_and_again():
    guard, cam = CardinalityGuard(Limits(series_per_device=2, models=1)), device()
    for _ in range(3):
        assert guard.admit(cam, [heartbeat(), inference("yolo@1")]) is None
    assert guard.counts() == {"board": 1, "model": 1, "field": 2}
    assert len(cam.series) == 2


def test_a_device_that_makes_up_names_is_stopped_at_its_own_limit_and_what_it_had_still_passes():
    guard, cam = CardinalityGuard(Limits(series_per_device=3)), device()
    verdicts = [guard.admit(cam, [inference(f"model@{number}")]) for number in range(5)]
    assert [verdict is None for verdict in verdicts] == [True, True, True, False, False]
    assert (verdicts[3].kind, verdicts[3].limit) == ("series", 3)
    assert "model@3" in verdicts[3].value
    assert guard.admit(cam, [inference("model@1")]) is None
    assert guard.admit(device(), [inference("model@1")]) is None


def test_values_that_all_share_are_counted_over_all_devices():
    guard = CardinalityGuard(Limits(models=2, boards=1))
    assert guard.admit(device(), [heartbeat("pi"), inference("a@1")]) is None
    assert guard.admit(device(), [heartbeat("jetson")]).kind == "board"
    assert guard.admit(device(), [inference("b@1")]) is None
    assert guard.admit(device(), [inference("c@1")]).kind == "model"


def test_names_of_fields_are_values_too():
    guard, cam = CardinalityGuard(Limits(fields=2)), device()
    assert guard.admit(cam, [heartbeat(a=1.0, b=1.0)]) is None
    excess = guard.admit(cam, [heartbeat(a=1.0, sensor_x=1.0)])
    assert str(excess) == "the store has 2 names of fields, which is the limit; found 'sensor_x' as another"


def test_a_refused_message_teaches_nothing():
    guard, cam = CardinalityGuard(Limits(models=1)), device()
    assert guard.admit(cam, [heartbeat("pi"), inference("a@1"), inference("b@1")]) is not None
    assert guard.counts() == {"board": 0, "model": 0, "field": 0}
    assert cam.series == ()


def test_one_device_takes_only_its_share_of_the_names_that_all_have_and_leaves_room_for_others():
    guard, liar, other = CardinalityGuard(Limits(fields=100, fields_per_device=10)), device(), device()
    verdicts = [guard.admit(liar, [heartbeat(**{f"made_up_{number}": 1.0})]) for number in range(12)]
    assert [verdict is None for verdict in verdicts] == [True] * 10 + [False] * 2
    assert str(verdicts[-1]) == (
        "the store has 10 names of fields that this device brought, which is the limit; found 'made_up_11' as another"
    )
    assert guard.admit(other, [heartbeat(pressure=1.0)]) is None
    assert guard.admit(liar, [heartbeat(pressure=1.0)]) is None, "a name that another brought costs the store nothing"

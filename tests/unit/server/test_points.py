"""Heartbeats to points: names, numbers, times, and the bounds on what the network may name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.contracts.messages import PipelineVitals, Quantiles
from skerry_edge.contracts.topics import Topic
from skerry_edge.contracts.vitals import Temperature
from skerry_server.ingest.points import points_of, tag_text
from skerry_server.stores.base import TAGS
from skerry_server.stores.lineprotocol import LineEncoder, is_encodable

TOPIC = Topic(site="home", device="cam-1", kind="heartbeat")


def pipeline(**changes):
    values = {
        "name": "camera",
        "model": "yolo",
        "model_version": "1.2.0",
        "backend": "onnx",
        "state": "running",
        "frames": 30,
    }
    return PipelineVitals(**(values | changes))


def test_a_heartbeat_is_one_point_with_its_place_as_tags(make_heartbeat):
    (point,) = points_of(TOPIC, make_heartbeat(temperature_c=51.5, throttled=True))
    assert point.measurement == "heartbeat"
    assert point.tags == {"site": "home", "device": "cam-1", "board": "raspberry-pi-5"}
    assert point.fields["temperature_c"] == 51.5
    assert point.fields["throttled"] == 1.0
    assert point.fields["session"] == 7.0


def test_a_figure_that_the_device_cannot_give_is_absent_and_not_zero(make_heartbeat):
    (point,) = points_of(TOPIC, make_heartbeat())
    assert "temperature_c" not in point.fields
    assert "throttled" not in point.fields


def test_what_a_board_says_of_itself_becomes_fields_and_never_tags(make_heartbeat):
    beat = make_heartbeat(
        undervoltage=False,
        agent_crashes=2,
        outbox_oldest_s=3.5,
        temperatures=[
            Temperature(name="CPU-therm", value_c=-4.0),
            Temperature(name="coretemp/Core 0", value_c=50.0),
            Temperature(name="nvme", value_c=61.0),
            Temperature(name="nvme", value_c=44.0),
        ],
        rails_w={"VDD_IN": 4.5},
        sensors={"greenhouse_c": 21.5},
        stuck_sensors=["soil_percent"],
        versions={"kernel": "6.6"},
    )
    (point,) = points_of(TOPIC, beat)
    told = {
        "undervoltage": 0.0,
        "agent_crashes": 2.0,
        "outbox_oldest_s": 3.5,
        "temp_cpu_therm_c": -4.0,
        "temp_coretemp_core_0_c": 50.0,
        "temp_nvme_c": 61.0,
        "rail_vdd_in_w": 4.5,
        "sensor_greenhouse_c": 21.5,
        "sensors_stuck": 1.0,
    }
    assert told.items() <= point.fields.items()
    assert set(point.tags) == set(TAGS["heartbeat"])


def test_what_a_pipeline_costs_is_kept_where_it_is_known(make_heartbeat):
    _, cheap, silent = points_of(
        TOPIC, make_heartbeat(pipelines=[pipeline(cpu_percent=41.0, memory_mb=150.0), pipeline()])
    )
    assert (cheap.fields["cpu_percent"], cheap.fields["memory_mb"]) == (41.0, 150.0)
    assert "cpu_percent" not in silent.fields


@given(st.text(min_size=1, max_size=64))
def test_whatever_a_board_calls_its_parts_can_be_written(make_heartbeat, name):
    beat = make_heartbeat(temperatures=[Temperature(name=name, value_c=1.0)], rails_w={name: 2.0})
    assert len(LineEncoder().encode(points_of(TOPIC, beat)).lines) == 1


def test_the_stored_time_carries_seq_below_the_millisecond(make_heartbeat):
    (point,) = points_of(TOPIC, make_heartbeat())
    assert point.time_ns == 1_700_000_000_000_000_042


def test_each_pipeline_is_an_inference_point_that_names_model_and_version(make_heartbeat):
    vitals = pipeline(drops={"busy": 2, "late": 1}, stages_ms={"inference": Quantiles(p50=1, p95=2, p99=3)})
    _, point = points_of(TOPIC, make_heartbeat(pipelines=[vitals]))
    assert point.tags == {"site": "home", "device": "cam-1", "pipeline": "camera", "model": "yolo@1.2.0"}
    assert point.fields["drops"] == 3.0
    assert point.fields["drops_busy"] == 2.0
    assert point.fields["inference_p95_ms"] == 2.0


def test_the_network_cannot_make_field_names_without_bound(make_heartbeat):
    drops = {f"cause_{number:03d}": 1 for number in range(200)} | {"bad name=1,x": 1, "\n": 1}
    stages = {f"stage{number}": Quantiles(p50=1, p95=1, p99=1) for number in range(200)}
    _, point = points_of(TOPIC, make_heartbeat(pipelines=[pipeline(drops=drops, stages_ms=stages)]))
    assert len(point.fields) < 20
    assert point.fields["drops"] == 202.0


def test_only_the_declared_tags_are_used(make_heartbeat):
    for point in points_of(TOPIC, make_heartbeat(pipelines=[pipeline()])):
        assert set(point.tags) == set(TAGS[point.measurement])


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_whatever_a_device_calls_itself_can_be_written(make_heartbeat, board, model):
    points = points_of(TOPIC, make_heartbeat(board=board, pipelines=[pipeline(model=model, name=board)]))
    assert len(LineEncoder().encode(points).lines) == 2
    assert is_encodable(tag_text(board))

"""What a pipeline did since the last heartbeat."""

from __future__ import annotations

import msgspec

from skerry_edge.agent.children.vitals import VitalsCollector
from skerry_edge.agent.config.agent import MAX_PIPELINES
from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.config.sources import ImagesSource
from skerry_edge.agent.line.protocol import Progress, Ready
from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.messages import MAX_DROP_CAUSES, MAX_JSON_BYTES, STAGES, Heartbeat
from skerry_edge.contracts.vitals import MAX_LABEL_CHARS, MAX_RAILS, MAX_SENSORS, MAX_VERSIONS, Temperature

PIPELINE = DetectionPipeline(name="gate", model="/models/mine.skerry", source=ImagesSource(path="/pictures"))


def test_before_it_is_ready_a_pipeline_goes_by_its_models_file_name() -> None:
    vitals = VitalsCollector(PIPELINE).take("starting")
    assert (vitals.name, vitals.model, vitals.model_version, vitals.backend) == (
        "gate",
        "mine.skerry",
        "unknown",
        "unknown",
    )
    assert (vitals.state, vitals.frames, vitals.stages_ms) == ("starting", 0, {})


def test_reports_add_up_and_each_window_begins_anew() -> None:
    collector = VitalsCollector(PIPELINE)
    collector.ready(Ready(model="discs", model_version="1.2.3", backend="onnx"))
    collector.progress(Progress(frames=1, drops={"busy": 2}, stages_ms={"inference": 10.0, "end_to_end": 12.0}))
    collector.progress(Progress(frames=1, errors=1, drops={"busy": 1, "rate-limit": 4}, stages_ms={"inference": 30.0}))
    collector.published(0.5)
    first = collector.take("running")
    assert (first.model, first.model_version, first.backend, first.state) == ("discs", "1.2.3", "onnx", "running")
    assert (first.frames, first.errors, first.drops) == (2, 1, {"busy": 3, "rate-limit": 4})
    assert first.stages_ms["inference"].p50 == 10.0
    assert first.stages_ms["inference"].p99 == 30.0
    assert first.stages_ms["publish"].p50 == 0.5
    second = collector.take("running")
    assert (second.frames, second.errors, second.drops, second.stages_ms) == (0, 0, {}, {})


def test_a_stage_outside_the_schema_is_left_out() -> None:
    collector = VitalsCollector(PIPELINE)
    collector.progress(Progress(frames=1, stages_ms={"thinking": 3.0}))
    assert collector.take("running").stages_ms == {}


def test_many_causes_of_drops_are_told_together_and_none_is_forgotten() -> None:
    collector = VitalsCollector(PIPELINE)
    collector.progress(Progress(frames=1, drops={f"cause-{number}": 2 for number in range(20)}))
    collector.progress(Progress(frames=1, drops={"cause-0": 1, "x" * 5000: 4}))
    drops = collector.take("running").drops
    assert len(drops) == MAX_DROP_CAUSES
    assert drops["cause-0"] == 3
    assert sum(drops.values()) == 45
    assert max(map(len, drops)) <= 32


def label(number: int) -> str:
    """The longest name that the machine may have for a part, all of it characters of three bytes but the number."""
    return f"{number:02d}".ljust(MAX_LABEL_CHARS, "\u20ac")


def test_the_fullest_heartbeat_fits_into_a_message() -> None:
    longest = msgspec.structs.replace(PIPELINE, name="n" * 63, model="m" * 128)
    vitals = []
    for _ in range(MAX_PIPELINES):
        collector = VitalsCollector(longest)
        collector.ready(Ready(model="m" * 128, model_version="v" * 128, backend="b" * 32))
        drops = {f"{number:032d}": 10**9 for number in range(20)}
        collector.progress(Progress(frames=1, drops=drops, stages_ms=dict.fromkeys(STAGES, 123456.789)))
        vitals.append(collector.take("running"))
    heartbeat = Heartbeat(
        v=1,
        id="i" * 32,
        session="00000001-0123abcd",
        seq=1,
        ts=1,
        clock="synced",
        board="b" * 128,
        agent_version="1.0.0",
        uptime_s=1.0,
        cpu_percent=1.0,
        memory_used_mb=1.0,
        memory_total_mb=1.0,
        disk_free_mb=1.0,
        temperatures=[Temperature(name=label(n), value_c=-123.4567891234, trip_c=-123.4567891234) for n in range(16)],
        rails_w={label(n): -123.4567891234 for n in range(MAX_RAILS)},
        versions={label(n): "\u20ac" * MAX_LABEL_CHARS for n in range(MAX_VERSIONS)},
        sensors={f"s{n:047d}": -1.2345678901234567e-300 for n in range(MAX_SENSORS)},
        stuck_sensors=[f"s{n:047d}" for n in range(MAX_SENSORS)],
        pipelines=[
            msgspec.structs.replace(one, cpu_percent=123.4567891234, memory_mb=1234.567891234) for one in vitals
        ],
    )
    assert len(encode(heartbeat)) < MAX_JSON_BYTES

"""What a pipeline did since the last heartbeat."""

from __future__ import annotations

from skerry_edge.agent.config import DetectionPipeline, ImagesSource
from skerry_edge.agent.protocol import Progress, Ready
from skerry_edge.agent.vitals import VitalsCollector

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

"""Looking at scenes: what is seen, what fails, and that the two are never mixed up."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.config.sources import ImagesSource
from skerry_edge.agent.config.vision import EventsConfig, MotionConfig, TrackingConfig, ZoneConfig
from skerry_edge.agent.line.protocol import Counts, Finding, Progress, TakeSnapshot
from skerry_edge.agent.pipelines.detection import SOURCE_ENDED
from skerry_edge.agent.pipelines.detector import open_detector
from skerry_edge.agent.pipelines.faults import MAX_IN_A_ROW
from skerry_edge.agent.pipelines.watcher import Watcher
from skerry_edge.agent.sources.scenes import Scene
from skerry_edge.backends.base import BackendError
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.vision.capture import Captured
from skerry_edge.vision.detections import Detections, no_detections
from skerry_edge.vision.detector import DetectionResult
from skerry_edge.vision.errors import ImageError
from skerry_edge.vision.frames import Failure, Frame

PIPELINE = DetectionPipeline(
    name="gate", model="any.skerry", source=ImagesSource(path="/pictures"), tracking=TrackingConfig(lost_after_s=0.5)
)
FRAME = Frame(source="a.png", index=0, time_s=0.0, pixels=np.zeros((100, 200, 3), np.uint8))
CAR = Detections(
    boxes_px=np.array([[50.0, 25.0, 100.0, 50.0]], np.float32),
    scores=np.array([0.75], np.float32),
    class_ids=np.array([1], np.int64),
)


class ScriptedDetector:
    """Answers each frame with the next of its script: detections, or an error to raise."""

    def __init__(self, *script: Detections | Exception) -> None:
        self.manifest = SimpleNamespace(labels=("person", "car"), output=SimpleNamespace(score_threshold=0.5))
        self._script = list(script)

    def detect(self, frame: np.ndarray) -> DetectionResult:
        answer = self._script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return DetectionResult(detections=answer, timing_ms={"preprocess": 1.0, "inference": 2.0, "postprocess": 0.5})


def shown(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def captured(item: Frame | Failure, at_s: float = 0.0) -> Captured[Scene]:
    return Captured(item=Scene(item=item, time_s=at_s), at_s=at_s, ts_ms=1000, took_ms=3.0)


@pytest.fixture
def watch(ends):
    """Return a function that shows frames to a scripted detector and gives the reports, one list a frame."""
    link, parent = ends

    def show(
        *script: Detections | Exception, step_s: float = 0.1, pipeline: DetectionPipeline = PIPELINE
    ) -> list[list]:
        watcher = Watcher(pipeline, link, ScriptedDetector(*script))  # type: ignore[arg-type]
        reports = []
        for index in range(len(script)):
            watcher.look(captured(FRAME, index * step_s), {})
            reports.append([one for one in parent.reports() if not isinstance(one, Counts)])
        return reports

    return show


def test_what_appears_is_reported_with_its_place_in_the_picture(watch) -> None:
    ((finding, progress),) = watch(CAR)
    assert isinstance(finding, Finding)
    assert (finding.kind, finding.label, finding.score, finding.ts) == ("detection", "car", 0.75, 1000)
    assert (finding.phase, finding.began, finding.before) == ("begin", 1000, None)
    assert finding.box == (0.25, 0.25, 0.5, 0.5)
    assert finding.latency_ms is not None
    assert isinstance(progress, Progress)
    assert progress.frames == 1
    assert set(progress.stages_ms) == {"capture", "preprocess", "inference", "postprocess", "end_to_end"}


def test_what_stays_is_reported_once_and_its_end_when_it_is_gone(watch) -> None:
    reports = watch(CAR, CAR, CAR, *[no_detections()] * 6)
    assert [len(one) for one in reports] == [2, 1, 1, 1, 1, 1, 1, 1, 2]
    begin, end = reports[0][0], reports[-1][0]
    assert (end.phase, end.track, end.label, end.latency_ms, end.message) == ("end", begin.track, "car", None, None)


def test_two_watchers_never_give_two_objects_the_same_name(watch) -> None:
    (((first, _),), ((second, _),)) = watch(CAR), watch(CAR)
    assert first.track != second.track


def test_a_better_look_is_an_update_with_what_was_told_before(watch) -> None:
    better = Detections(boxes_px=CAR.boxes_px, scores=np.array([0.95], np.float32), class_ids=CAR.class_ids)
    pipeline = replace(PIPELINE, events=EventsConfig(update_interval_s=0.0))
    reports = watch(CAR, better, pipeline=pipeline)
    update = reports[1][0]
    assert (update.phase, update.score, update.track) == ("update", 0.95, reports[0][0].track)
    assert update.before.score == 0.75


def test_when_the_source_ends_so_does_all_that_was_there(ends) -> None:
    link, parent = ends
    watcher = Watcher(PIPELINE, link, ScriptedDetector(CAR))  # type: ignore[arg-type]
    watcher.look(captured(FRAME), {})
    watcher.end(SOURCE_ENDED)
    begin, end = (one for one in parent.reports() if isinstance(one, Finding))
    assert (end.phase, end.track, end.message) == ("end", begin.track, SOURCE_ENDED)


def test_what_comes_back_after_an_end_is_another_object_and_nothing_is_counted_between(ends) -> None:
    link, parent = ends
    pipeline = replace(PIPELINE, events=EventsConfig(debounce_s=0.0))
    watcher = Watcher(pipeline, link, ScriptedDetector(CAR, CAR, CAR))  # type: ignore[arg-type]
    watcher.look(captured(FRAME, 0.0), {})
    watcher.look(captured(FRAME, 0.1), {})
    watcher.end("its source failed")
    watcher.look(captured(FRAME, 0.2), {})
    reports = parent.reports()
    begin, end, again = (one for one in reports if isinstance(one, Finding))
    assert begin.track == end.track != again.track
    assert [one.everywhere for one in reports if isinstance(one, Counts)] == [{"car": 1}, {"car": 0}, {"car": 1}]


def test_what_is_there_is_counted_by_zone(ends) -> None:
    link, parent = ends
    left = ZoneConfig(name="left", points=((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
    pipeline = replace(PIPELINE, zones=(left,), labels=("car",), events=EventsConfig(debounce_s=0.0))
    watcher = Watcher(pipeline, link, ScriptedDetector(no_detections(), CAR, CAR))  # type: ignore[arg-type]
    for index in range(3):
        watcher.look(captured(FRAME, index * 0.1), {})
    reports = parent.reports()
    counts = [one for one in reports if isinstance(one, Counts)]
    assert counts == [
        Counts(everywhere={"car": 0}, zones={"left": {"car": 0}}),
        Counts(everywhere={"car": 1}, zones={"left": {"car": 1}}),
    ]
    assert [one.zones for one in reports if isinstance(one, Finding)] == [("left",)]


def test_where_nothing_moves_the_detector_is_spared_and_the_beat_goes_on(ends) -> None:
    link, parent = ends
    pipeline = replace(PIPELINE, motion=MotionConfig(open_s=0.0, look_every_s=1.0))
    detector = ScriptedDetector(no_detections(), no_detections())
    watcher = Watcher(pipeline, link, detector)  # type: ignore[arg-type]
    for index in range(11):
        watcher.look(captured(FRAME, index * 0.1), {"busy": 1})
    beats = [one for one in parent.reports() if isinstance(one, Progress)]
    assert [one.frames for one in beats] == [1, *[0] * 9, 1]
    assert beats[1].drops == {"busy": 1, "no-motion": 1}


def test_the_gate_stays_open_until_what_is_gone_is_not_counted_any_more(ends) -> None:
    link, parent = ends
    pipeline = replace(
        PIPELINE, motion=MotionConfig(open_s=0.0, look_every_s=60.0), events=EventsConfig(debounce_s=0.5)
    )
    watcher = Watcher(pipeline, link, ScriptedDetector(*[CAR] * 10, *[no_detections()] * 20))  # type: ignore[arg-type]
    for index in range(40):
        watcher.look(captured(FRAME, index * 0.1), {})
    reports = parent.reports()
    assert [one.everywhere for one in reports if isinstance(one, Counts)][-2:] == [{"car": 1}, {"car": 0}]
    assert 0 < sum(one.drops.get("no-motion", 0) for one in reports if isinstance(one, Progress)) < 25


def test_no_picture_leaves_unless_the_configuration_asks_for_it(ends) -> None:
    link, parent = ends
    watcher = Watcher(PIPELINE, link, ScriptedDetector(CAR))  # type: ignore[arg-type]
    watcher.look(captured(FRAME), {})
    (finding,) = (one for one in parent.reports() if isinstance(one, Finding))
    assert finding.snapshot is None
    answer = watcher.picture(TakeSnapshot(order="a"))
    assert (answer.order, answer.jpeg) == ("a", None)
    assert "'snapshot' is false" in answer.reason


def test_a_picture_can_be_ordered_once_something_was_seen(ends) -> None:
    link, _ = ends
    watcher = Watcher(replace(PIPELINE, snapshot=True), link, ScriptedDetector(CAR))  # type: ignore[arg-type]
    assert "no picture yet" in watcher.picture(TakeSnapshot(order="a")).reason
    watcher.look(captured(FRAME), {})
    assert shown(watcher.picture(TakeSnapshot(order="b")).jpeg).shape == FRAME.pixels.shape


def test_an_event_takes_its_picture_along_and_not_too_often(watch) -> None:
    pipeline = replace(PIPELINE, snapshot=True, snapshot_interval_s=3.0)
    gone = [no_detections()]
    reports = watch(CAR, *gone, CAR, *gone, CAR, pipeline=pipeline, step_s=1.0)
    pictures = [one.snapshot for report in reports for one in report if getattr(one, "phase", "") == "begin"]
    assert [picture is not None for picture in pictures] == [True, False, True]
    assert shown(pictures[0]).shape == FRAME.pixels.shape


def test_a_picture_with_nothing_in_it_is_progress_and_no_event(watch) -> None:
    ((progress,),) = watch(no_detections())
    assert (progress.frames, progress.errors) == (1, 0)


def test_a_failed_inference_is_an_event_and_no_empty_picture(watch) -> None:
    ((finding, progress),) = watch(BackendError("the accelerator is gone"))
    assert (finding.kind, finding.label, finding.message) == ("system", "inference-error", "the accelerator is gone")
    assert (progress.frames, progress.errors) == (0, 1)


@pytest.mark.parametrize("fault", [BackendError("gone"), ImageError("no colour picture")])
def test_what_was_dropped_before_a_failure_is_counted(ends, fault: Exception) -> None:
    link, parent = ends
    Watcher(PIPELINE, link, ScriptedDetector(fault)).look(captured(FRAME), {"busy": 7})  # type: ignore[arg-type]
    damaged = captured(Failure(source="b.png", error=ImageError("it does not decode")))
    Watcher(PIPELINE, link, ScriptedDetector()).look(damaged, {"damaged": 2})  # type: ignore[arg-type]
    drops = [one.drops for one in parent.reports() if isinstance(one, Progress) and one.drops]
    assert drops == [{"busy": 7}, {"damaged": 2}]


def test_failures_that_go_on_are_counted_and_told_once(watch) -> None:
    reports = watch(BackendError("gone"), BackendError("gone"), CAR)
    assert [type(one).__name__ for one in reports[1]] == ["Progress"]
    assert reports[1][0].errors == 1
    assert reports[2][0].label == "car"


def test_a_pipeline_whose_inferences_keep_failing_gives_up(watch) -> None:
    with pytest.raises(BackendError, match="gone"):
        watch(*[BackendError("gone")] * MAX_IN_A_ROW)


def test_one_good_inference_begins_a_new_row(watch) -> None:
    row = [BackendError("gone")] * (MAX_IN_A_ROW - 1)
    assert len(watch(*row, CAR, *row)) == 2 * len(row) + 1


def test_a_damaged_picture_is_a_matter_of_the_source_however_many_there_are(watch) -> None:
    reports = watch(*[ImageError("the frame is no colour picture")] * 3 * MAX_IN_A_ROW)
    assert (reports[0][0].label, reports[0][0].kind) == ("source-error", "system")


def test_a_file_that_fails_is_told_without_asking_the_detector(ends) -> None:
    link, parent = ends
    watcher = Watcher(PIPELINE, link, ScriptedDetector())  # type: ignore[arg-type]
    watcher.look(captured(Failure(source="b.png", error=ImageError("it does not decode", where="b.png"))), {})
    finding, progress = parent.reports()
    assert (finding.label, progress.errors) == ("source-error", 1)
    assert "b.png" in finding.message


def test_a_label_that_the_model_does_not_know_is_refused_before_anything_runs(discs: Path) -> None:
    pipeline = DetectionPipeline(
        name="gate", model=str(discs), source=ImagesSource(path="/pictures"), labels=("red disk",)
    )
    with pytest.raises(ConfigError, match="did you mean 'red disc'"):
        open_detector(pipeline, None)

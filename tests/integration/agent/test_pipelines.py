"""Real pipelines under the agent: the shipped detector on pictures and videos, the wake word on a clip."""

from __future__ import annotations

import os
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

RED, BLUE = (0, 0, 255), (255, 0, 0)
SIZE = (320, 240)
FPS = 25


def scene(*discs: tuple[tuple[int, int, int], tuple[int, int]]) -> np.ndarray:
    picture = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    for colour, centre in discs:
        cv2.circle(picture, centre, 40, colour, -1)
    return picture


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three pictures: a red disc, nothing, a blue disc."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "1.png"), scene((RED, (80, 120))))
    cv2.imwrite(str(folder / "2.png"), scene())
    cv2.imwrite(str(folder / "3.png"), scene((BLUE, (240, 120))))
    return folder


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """One second of a red disc and one second of nothing."""
    path = tmp_path / "discs.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), FPS, SIZE)
    for index in range(2 * FPS):
        writer.write(scene((RED, (80, 120))) if index < FPS else scene())
    writer.release()
    return path


@pytest.fixture
def clip(project_root: Path) -> Path:
    """Somebody saying "alexa", which the project ships."""
    return project_root / "server" / "skerry_server" / "demo" / "data" / "alexa.wav"


@pytest.fixture
def detection(discs: Path) -> Callable[..., dict]:
    """Return a function that gives a pipeline which looks for discs in a source."""

    def configure(source: dict, **more) -> dict:
        return {"kind": "detection", "name": "gate", "model": str(discs), "threads": 1, "source": source, **more}

    return configure


def wakeword(source: dict) -> dict:
    return {"kind": "wakeword", "name": "ear", "words": [{"model": "alexa"}], "source": source}


def last_state(recorder) -> str | None:
    return recorder.heartbeats[-1].pipelines[0].state if recorder.heartbeats else None


def of_phase(recorder, phase: str) -> list:
    return [event for event in recorder.events if event.phase == phase]


def frames(recorder) -> int:
    return sum(beat.pipelines[0].frames for beat in recorder.heartbeats)


def test_what_is_in_a_folder_of_pictures_is_reported_once_each(
    mosquitto, recorder, start_agent, eventually, detection, pictures: Path
) -> None:
    start_agent(mosquitto.port, [detection({"kind": "images", "path": str(pictures)})])
    eventually(lambda: last_state(recorder) == "ended", what="the end of the folder")
    red, blue = of_phase(recorder, "begin")
    assert (red.label, blue.label) == ("red disc", "blue disc")
    assert {event.track for event in of_phase(recorder, "end")} == {red.track, blue.track}
    for event, centre_x in ((red, 80 / 320), (blue, 240 / 320)):
        x_min, y_min, x_max, y_max = event.box
        assert 0 <= x_min < centre_x < x_max <= 1
        assert 0 <= y_min < 0.5 < y_max <= 1
        assert event.score > 0.5
        assert (event.kind, event.pipeline, event.model, event.model_version) == (
            "detection",
            "gate",
            "discs",
            "1.0.0",
        )
        assert event.latency_ms > 0
    assert frames(recorder) == 3
    assert recorder.states == ["online"]


def test_each_event_takes_its_picture_along_where_that_is_asked_for(
    mosquitto, recorder, start_agent, eventually, detection, pictures: Path
) -> None:
    pipeline = detection({"kind": "images", "path": str(pictures)}, snapshot=True, snapshot_interval_s=0.0)
    start_agent(mosquitto.port, [pipeline])
    eventually(lambda: len(recorder.snapshots) == 2, what="two snapshots")
    begins = of_phase(recorder, "begin")
    assert set(recorder.snapshots) == {event.id for event in begins}
    red, blue = (cv2.imdecode(np.frombuffer(recorder.snapshots[one.id], np.uint8), 1) for one in begins)
    assert red.shape == blue.shape == (SIZE[1], SIZE[0], 3)
    assert red[120, 80].argmax() == 2
    assert blue[120, 240].argmax() == 0


def test_a_broker_that_takes_no_large_packets_still_gets_the_events(
    make_mosquitto, make_recorder, start_agent, eventually, detection, pictures: Path
) -> None:
    broker = make_mosquitto("allow_anonymous true\nmax_packet_size 4000")
    recorder = make_recorder(broker.port)
    pipeline = detection({"kind": "images", "path": str(pictures)}, snapshot=True, snapshot_interval_s=0.0)
    agent = start_agent(broker.port, [pipeline])
    eventually(lambda: last_state(recorder) == "ended", what="the end of the folder")
    assert [event.label for event in of_phase(recorder, "begin")] == ["red disc", "blue disc"]
    assert recorder.snapshots == {}
    assert recorder.states == ["online"]
    assert "the broker does not take pictures" in agent.log


def test_a_file_is_looked_at_frame_by_frame(
    mosquitto, recorder, start_agent, eventually, detection, video: Path
) -> None:
    start_agent(mosquitto.port, [detection({"kind": "video", "path": str(video), "policy": "file"})])
    eventually(lambda: last_state(recorder) == "ended", what="the end of the video")
    assert frames(recorder) == 2 * FPS
    assert not any(beat.pipelines[0].drops for beat in recorder.heartbeats)
    assert [(event.label, event.phase) for event in recorder.events] == [("red disc", "begin"), ("red disc", "end")]


def test_an_object_that_walks_from_zone_to_zone_is_one_object_with_the_zones_before_and_after(
    mosquitto, recorder, start_agent, eventually, detection, tmp_path: Path
) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "walk.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), FPS, SIZE)
    for index in range(3 * FPS):
        writer.write(scene((RED, (min(60 + 4 * index, 260), 120))) if index < 2 * FPS else scene())
    writer.release()
    halves = {"left": (0.0, 0.5), "right": (0.5, 1.0)}
    zones = [
        {"name": name, "points": [[begin, 0.0], [end, 0.0], [end, 1.0], [begin, 1.0]]}
        for name, (begin, end) in halves.items()
    ]
    events = {"min_duration_s": 0.2, "debounce_s": 0.2, "update_interval_s": 0.0, "better_by": 1.0}
    source = {"kind": "video", "path": str(tmp_path / "walk.mp4"), "policy": "file"}
    start_agent(mosquitto.port, [detection(source, zones=zones, events=events, tracking={"lost_after_s": 0.5})])
    eventually(lambda: last_state(recorder) == "ended", what="the end of the video")
    told = [(event.phase, event.zones, event.before and event.before.zones) for event in recorder.events]
    assert told[0] == ("begin", ("left",), None)
    assert told[-1] == ("end", (), ("right",))
    assert {phase for phase, *_ in told[1:-1]} == {"update"}
    assert [before for *_, before in told[1:]] == [zones for _, zones, _ in told[:-1]]
    assert len({event.track for event in recorder.events}) == 1


def test_a_looping_live_video_reports_each_appearance_and_its_timings(
    mosquitto, recorder, start_agent, eventually, detection, video: Path
) -> None:
    source = {"kind": "video", "path": str(video), "policy": "live", "loop": True}
    start_agent(mosquitto.port, [detection(source, tracking={"lost_after_s": 0.5})])
    eventually(lambda: len(of_phase(recorder, "begin")) >= 2, what="the disc to come back")
    first, *_, last = of_phase(recorder, "begin")
    assert first.track != last.track
    assert first.track in {event.track for event in of_phase(recorder, "end")}
    assert {event.label for event in recorder.events} == {"red disc"}
    eventually(
        lambda: any(beat.pipelines[0].stages_ms for beat in recorder.heartbeats), what="a heartbeat with timings"
    )
    beat = next(beat.pipelines[0] for beat in recorder.heartbeats if beat.pipelines[0].stages_ms)
    assert {"capture", "preprocess", "inference", "postprocess", "end_to_end"} <= set(beat.stages_ms)
    assert beat.stages_ms["end_to_end"].p50 >= beat.stages_ms["inference"].p50
    assert last_state(recorder) == "running"


def test_what_a_killed_child_had_in_sight_ends_with_the_reason(
    mosquitto, recorder, start_agent, eventually, detection, pictures: Path
) -> None:
    source = {"kind": "images", "path": str(pictures / "1.png"), "loop": True, "max_fps": 20}
    agent = start_agent(mosquitto.port, [detection(source)])
    eventually(lambda: of_phase(recorder, "begin"), what="the disc")
    for child in agent.children():
        child.kill()
    eventually(lambda: of_phase(recorder, "end"), what="its end")
    begin, end = of_phase(recorder, "begin")[0], of_phase(recorder, "end")[0]
    assert (end.track, end.label, end.began) == (begin.track, "red disc", begin.ts)
    assert "process ended" in end.message
    eventually(lambda: len(of_phase(recorder, "begin")) == 2, what="the disc seen by the next child")


def test_what_is_in_sight_when_the_agent_is_stopped_ends_first(
    mosquitto, recorder, start_agent, eventually, detection, pictures: Path
) -> None:
    source = {"kind": "images", "path": str(pictures / "1.png"), "loop": True, "max_fps": 20}
    agent = start_agent(mosquitto.port, [detection(source)])
    eventually(lambda: of_phase(recorder, "begin"), what="the disc")
    assert agent.stop() == 0
    eventually(lambda: of_phase(recorder, "end"), what="its end")
    assert of_phase(recorder, "end")[0].message == "the pipeline was stopped"


def test_a_live_video_thinned_by_its_rate_counts_what_it_leaves_out(
    mosquitto, recorder, start_agent, eventually, detection, video: Path
) -> None:
    source = {"kind": "video", "path": str(video), "policy": "live", "max_fps": 2.0}
    start_agent(mosquitto.port, [detection(source)])
    eventually(lambda: last_state(recorder) == "ended", what="the end of the video")
    dropped = sum(sum(beat.pipelines[0].drops.values()) for beat in recorder.heartbeats)
    assert 0 < frames(recorder) < FPS
    assert dropped + frames(recorder) <= 2 * FPS
    assert dropped > FPS


def test_a_damaged_picture_is_an_event_of_its_own_and_the_others_are_still_seen(
    mosquitto, recorder, start_agent, eventually, detection, pictures: Path
) -> None:
    (pictures / "2.png").write_bytes(b"this is no picture")
    start_agent(mosquitto.port, [detection({"kind": "images", "path": str(pictures)})])
    eventually(lambda: last_state(recorder) == "ended", what="the end of the folder")
    assert [(event.kind, event.label) for event in recorder.events if event.phase != "end"] == [
        ("detection", "red disc"),
        ("system", "source-error"),
        ("detection", "blue disc"),
    ]
    assert "2.png" in recorder.events[1].message
    assert sum(beat.pipelines[0].errors for beat in recorder.heartbeats) == 1
    assert recorder.states == ["online"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"model": "skerry-sign"}, "did you mean 'skerry-signs'"),
        ({"variant": "onnx-int4"}, "onnx-int4"),
        ({"backends": ["onyx"]}, "did you mean 'onnx'"),
        ({"source": {"kind": "video", "path": "nowhere.mp4"}}, "nowhere.mp4"),
        ({"source": {"kind": "images", "path": "nowhere"}}, "nowhere"),
        ({"model": "./agent.toml"}, "agent.toml"),
        ({"score_threshold": 0.5, "variant": "tflite-fp32", "backends": ["onnx"]}, "tflite-fp32"),
    ],
)
def test_a_pipeline_that_cannot_run_degrades_the_device_with_the_reason(
    mosquitto, recorder, start_agent, eventually, detection, pictures: Path, change: dict, told: str
) -> None:
    pipeline = {**detection({"kind": "images", "path": str(pictures)}), **change}
    agent = start_agent(mosquitto.port, [pipeline])
    eventually(lambda: recorder.states == ["online", "degraded"], what="the degraded status")
    assert told in recorder.statuses[-1].reason
    assert "Traceback" not in agent.log


def test_a_device_on_its_second_backend_is_degraded_and_works(
    mosquitto, recorder, start_agent, eventually, detection, pictures: Path, tmp_path: Path
) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import sys\nsys.modules['ai_edge_litert'] = sys.modules['tflite_runtime'] = None\n"
    )
    pipeline = detection({"kind": "images", "path": str(pictures)}, backends=["litert", "onnx"])
    path = os.pathsep.join((str(hidden), os.environ.get("PYTHONPATH", "")))
    start_agent(mosquitto.port, [pipeline], environment={"PYTHONPATH": path})
    eventually(lambda: len(of_phase(recorder, "begin")) == 2, what="the events")
    eventually(lambda: recorder.states == ["online", "degraded"], what="the degraded status")
    assert "ai_edge_litert or tflite_runtime is not installed" in recorder.statuses[-1].reason
    eventually(
        lambda: recorder.heartbeats[-1].pipelines[0].backend == "onnx", what="a heartbeat that names the backend"
    )


def test_the_first_backend_of_the_list_is_used(
    mosquitto, recorder, start_agent, eventually, detection, pictures: Path
) -> None:
    pipeline = detection({"kind": "images", "path": str(pictures)}, backends=["litert", "onnx"])
    start_agent(mosquitto.port, [pipeline])
    eventually(lambda: last_state(recorder) == "ended", what="the end of the folder")
    assert recorder.heartbeats[-1].pipelines[0].backend == "litert"
    assert recorder.states == ["online"]


def test_a_spoken_word_is_an_event(mosquitto, recorder, start_agent, eventually, clip: Path) -> None:
    start_agent(mosquitto.port, [wakeword({"kind": "audio-file", "path": str(clip), "policy": "file"})])
    eventually(lambda: last_state(recorder) == "ended", what="the end of the clip")
    (event,) = recorder.events
    assert (event.kind, event.pipeline, event.label, event.model) == ("wakeword", "ear", "Alexa", "alexa")
    assert event.score > 0.5
    assert event.model_version.startswith("0-")


def test_a_looping_clip_is_heard_each_time(mosquitto, recorder, start_agent, eventually, clip: Path) -> None:
    source = {"kind": "audio-file", "path": str(clip), "policy": "file", "loop": True}
    start_agent(mosquitto.port, [wakeword(source)])
    eventually(lambda: len(recorder.events) >= 3, what="the word three times")


def test_sound_may_come_on_standard_input(mosquitto, recorder, start_agent, eventually, clip: Path) -> None:
    with wave.open(str(clip)) as file:
        sound = file.readframes(file.getnframes())
    agent = start_agent(mosquitto.port, [wakeword({"kind": "stdin"})], stdin=subprocess.PIPE)
    agent.process.stdin.write(sound)
    agent.process.stdin.close()
    eventually(lambda: last_state(recorder) == "ended", what="the end of the sound")
    assert [event.label for event in recorder.events] == ["Alexa"]


def test_a_damaged_recording_is_an_event_and_the_device_is_degraded(
    mosquitto, recorder, start_agent, eventually, clip: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.wav"
    damaged.write_bytes(clip.read_bytes()[:5000])
    start_agent(mosquitto.port, [wakeword({"kind": "audio-file", "path": str(damaged)})])
    eventually(lambda: "degraded" in recorder.states, what="the degraded status")
    assert "cut short" in recorder.statuses[-1].reason
    eventually(lambda: recorder.events, what="the event")
    assert (recorder.events[0].kind, recorder.events[0].label) == ("system", "source-error")


def test_an_unknown_word_degrades_the_device_with_the_nearest(
    mosquitto, recorder, start_agent, eventually, clip
) -> None:
    pipeline = {**wakeword({"kind": "audio-file", "path": str(clip)}), "words": [{"model": "alexia"}]}
    start_agent(mosquitto.port, [pipeline])
    eventually(lambda: "degraded" in recorder.states, what="the degraded status")
    assert "did you mean 'alexa'" in recorder.statuses[-1].reason

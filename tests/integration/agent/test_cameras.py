"""Live sources under the agent: a camera that goes away and comes back, and secrets that nobody sees."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

PASSWORD = "s3cr3t-of-the-gate"


@pytest.fixture
def gate(discs: Path) -> Callable[..., dict]:
    """Return a function that gives a pipeline which looks for discs in a source."""

    def configure(source: dict, **more) -> dict:
        return {"kind": "detection", "name": "gate", "model": str(discs), "threads": 1, "source": source, **more}

    return configure


def frames(recorder) -> int:
    return sum(beat.pipelines[0].frames for beat in recorder.heartbeats)


def last_state(recorder) -> str | None:
    return recorder.heartbeats[-1].pipelines[0].state if recorder.heartbeats else None


def labels(recorder) -> list[str]:
    return [event.label for event in recorder.events if event.kind == "system"]


def test_a_network_camera_that_is_killed_is_told_and_seen_again_by_the_same_process(
    mosquitto, recorder, start_agent, eventually, gate, rtsp_server, tmp_path: Path
) -> None:
    camera = rtsp_server("joe", PASSWORD)
    (tmp_path / "password").write_text(PASSWORD)
    source = {
        "kind": "rtsp",
        "url": camera.url("/camera"),
        "username": "joe",
        "password_file": str(tmp_path / "password"),
        "stall_s": 5.0,
    }
    noisy = {"OPENCV_FFMPEG_DEBUG": "1", "OPENCV_LOG_LEVEL": "DEBUG", "OPENCV_FFMPEG_LOGLEVEL": "48"}
    agent = start_agent(mosquitto.port, [gate(source)], environment=noisy, log_level="DEBUG")
    eventually(lambda: frames(recorder) > 5, what="frames of the camera", deadline_s=60.0)
    (child,) = agent.children()
    camera.kill()
    eventually(lambda: recorder.states[-1:] == ["degraded"], what="the lost camera")
    eventually(lambda: last_state(recorder) == "failing", what="the failing pipeline")
    assert recorder.statuses[-1].reason.startswith("gate: ")
    before = frames(recorder)
    camera.start()
    eventually(lambda: recorder.states[-1:] == ["online"], what="the camera's return", deadline_s=60.0)
    eventually(lambda: frames(recorder) > before + 5, what="frames of the camera again")
    assert [one.pid for one in agent.children()] == [child.pid]  # the model was not loaded again
    told = labels(recorder)
    assert told[0] == "source-error"
    assert "source-restored" in told
    # What everybody on the machine and on the broker can read.
    lines = [" ".join(one.cmdline()) for one in (psutil.Process(agent.process.pid), child)]
    said = "".join([agent.log, agent.output, *lines, *map(str, recorder.statuses), *map(str, recorder.events)])
    assert "[OPENCV:FFMPEG:48]" in said  # FFmpeg was talking
    assert PASSWORD not in said


def test_a_wrong_password_is_a_reason_and_the_device_says_it(
    mosquitto, recorder, start_agent, eventually, gate, rtsp_server
) -> None:
    camera = rtsp_server("joe", PASSWORD)
    source = {"kind": "rtsp", "url": camera.url("/camera", "joe:wr0ng-0ne@")}
    agent = start_agent(mosquitto.port, [gate(source)])
    eventually(lambda: "source-error" in labels(recorder), what="the refused login", deadline_s=60.0)
    eventually(lambda: recorder.states[-1:] == ["degraded"], what="the degraded device")
    assert "another login" in recorder.statuses[-1].reason
    assert "wr0ng" not in agent.log + str(recorder.statuses) + str(recorder.events)


def test_a_gstreamer_camera_that_stands_still_is_told_while_it_is_looked_at(
    mosquitto, recorder, start_agent, eventually, gate, need_program
) -> None:
    need_program("gst-launch-1.0")
    pipeline = "videotestsrc is-live=true pattern=blue ! video/x-raw,framerate=10/1"
    source = {"kind": "gstreamer", "pipeline": pipeline, "width": 320, "height": 240, "frozen_s": 1.0}
    agent = start_agent(mosquitto.port, [gate(source)])
    eventually(lambda: "source-frozen" in labels(recorder), what="the frozen camera", deadline_s=60.0)
    eventually(lambda: recorder.states[-1:] == ["degraded"], what="the degraded device")
    assert "repeated one picture" in recorder.statuses[-1].reason
    before = frames(recorder)
    eventually(lambda: frames(recorder) > before, what="frames all the same")
    (child,) = agent.children()
    (camera,) = child.children()
    agent.kill()
    eventually(lambda: not camera.is_running(), what="the end of the camera's program")


def test_a_camera_has_time_to_be_let_go_of_before_the_agent_ends(
    mosquitto, start_agent, eventually, gate, tmp_path: Path
) -> None:
    # Stands for one that has stalled, and whose daemon must hear of the end (nvarguscamerasrc on a Jetson).
    program = tmp_path / "bin" / "gst-launch-1.0"
    program.parent.mkdir()
    program.write_text(f"""#!/bin/sh
trap 'sleep 0.5; touch {tmp_path}/let-go; exit 0' TERM
touch {tmp_path}/began
while :; do sleep 0.02; done
""")
    program.chmod(0o755)
    source = {"kind": "gstreamer", "pipeline": "nvarguscamerasrc", "stall_s": 60.0}
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    agent = start_agent(mosquitto.port, [gate(source)], environment={"PATH": path})
    eventually((tmp_path / "began").exists, what="the camera's program", deadline_s=60.0)
    assert agent.stop() == 0
    assert (tmp_path / "let-go").exists()


@pytest.mark.parametrize("kind", ["gstreamer", "v4l2", "rtsp"])
def test_a_camera_that_never_was_there_degrades_the_device_and_nothing_else(
    mosquitto, recorder, start_agent, eventually, gate, kind: str, free_port
) -> None:
    if kind == "gstreamer" and shutil.which("gst-launch-1.0") is None:
        pytest.skip("the program 'gst-launch-1.0' is not installed: run `make deps` as root")
    source = {
        "gstreamer": {"kind": kind, "pipeline": "v4l2src device=/dev/nowhere"},
        "v4l2": {"kind": kind, "device": "/dev/nowhere"},
        "rtsp": {"kind": kind, "url": f"rtsp://127.0.0.1:{free_port()}/"},
    }[kind]
    agent = start_agent(mosquitto.port, [gate(source)])
    eventually(lambda: recorder.states[-1:] == ["degraded"], what="the degraded device", deadline_s=60.0)
    eventually(lambda: last_state(recorder) == "failing", what="the failing pipeline")
    assert frames(recorder) == 0
    (child,) = agent.children()
    assert agent.stop() == 0
    assert not child.is_running()


@pytest.fixture
def at_pace() -> Iterator[Callable[[Path], None]]:
    """Return a function that writes silence into a named pipe, at the pace of a microphone."""
    stop = threading.Event()
    writers = []

    def write(path: Path) -> None:
        with suppress(BrokenPipeError), path.open("wb", buffering=0) as pipe:
            while not stop.wait(0.02):
                pipe.write(bytes(640))

    def start(path: Path) -> None:
        writers.append(threading.Thread(target=write, args=(path,), daemon=True))
        writers[-1].start()

    yield start
    stop.set()
    for writer in writers:
        writer.join(10)


def test_a_muted_microphone_is_told(
    mosquitto, recorder, start_agent, eventually, need_program, at_pace, tmp_path: Path
) -> None:
    need_program("arecord")
    os.mkfifo(tmp_path / "sound")
    config = f"""
    pcm.null {{ type null }}
    pcm.muted {{ type file slave.pcm "null" file "/dev/null" infile "{tmp_path}/sound" format "raw" }}
    """
    (tmp_path / "asound.conf").write_text(config)
    at_pace(tmp_path / "sound")
    ear = {
        "kind": "wakeword",
        "name": "ear",
        "words": [{"model": "alexa"}],
        "source": {"kind": "mic", "device": "muted", "silent_s": 1.0},
    }
    start_agent(mosquitto.port, [ear], environment={"ALSA_CONFIG_PATH": str(tmp_path / "asound.conf")})
    eventually(lambda: "stalled-audio" in labels(recorder), what="the silent microphone", deadline_s=60.0)
    eventually(lambda: recorder.states[-1:] == ["degraded"], what="the degraded device")
    assert "silent for 1 s" in recorder.statuses[-1].reason

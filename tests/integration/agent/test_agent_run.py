"""The running agent against a real broker: birth, events, heartbeats, goodbye."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from skerry_edge.contracts.messages import SESSION_PATTERN, STAGES
from skerry_edge.foundation.errors import ReachError

GHOST = {"kind": "synthetic", "name": "ghost", "events_per_s": 50.0, "limit": 20}
PARENT_MB = 60
HEAVY = ("numpy", "cv2", "onnxruntime", "ai_edge_litert", "tflite_runtime")


def test_a_device_is_born_works_and_says_goodbye(mosquitto, recorder, start_agent, eventually) -> None:
    agent = start_agent(mosquitto.port, [GHOST])
    eventually(lambda: len(recorder.events) == 20 and len(recorder.heartbeats) >= 2, what="events and heartbeats")
    assert agent.stop() == 0
    eventually(lambda: recorder.states[-1] == "offline", what="the goodbye")

    birth, goodbye = recorder.statuses[0], recorder.statuses[-1]
    assert (birth.state, birth.reason) == ("online", None)
    assert (goodbye.state, goodbye.reason) == ("offline", "stopped")
    assert goodbye.seq > 0, "a goodbye is no will"
    assert [event.message for event in recorder.events] == [str(number) for number in range(1, 21)]
    assert all(event.pipeline == event.model == "ghost" for event in recorder.events)


def test_every_message_of_a_session_has_its_place_in_one_count(mosquitto, recorder, start_agent, eventually) -> None:
    agent = start_agent(mosquitto.port, [GHOST], heartbeat_interval_s=3600)
    eventually(lambda: len(recorder.events) == 20, what="all events")
    agent.stop()
    eventually(lambda: recorder.states[-1] == "offline", what="the goodbye")
    messages = [message for _, message in recorder.messages]
    assert len({message.session for message in messages}) == 1
    assert re.match(SESSION_PATTERN, messages[0].session)
    assert sorted(message.seq for message in messages) == list(range(1, len(messages) + 1))
    assert len({message.id for message in messages}) == len(messages)


def test_status_and_state_are_retained_and_nothing_else_is(
    mosquitto, recorder, start_agent, make_recorder, eventually
) -> None:
    agent = start_agent(mosquitto.port, [GHOST])
    eventually(lambda: len(recorder.events) == 20, what="all events")
    agent.stop()
    recorder.stop()
    latecomer = make_recorder(mosquitto.port)
    eventually(lambda: latecomer.statuses, what="the retained status")
    eventually(lambda: {kind for kind, _ in latecomer.messages} >= {"status", "state"}, what="the retained state")
    assert {kind for kind, _ in latecomer.messages} == {"status", "state"}
    assert latecomer.statuses[-1].state == "offline"


def test_the_heartbeat_tells_how_machine_and_pipelines_do(mosquitto, recorder, start_agent, eventually) -> None:
    start_agent(mosquitto.port, [{**GHOST, "limit": 0}])
    eventually(
        lambda: any(beat.pipelines[0].state == "running" and beat.pipelines[0].frames for beat in recorder.heartbeats),
        what="a heartbeat of the running pipeline",
    )
    beat = next(beat for beat in recorder.heartbeats if beat.pipelines[0].frames)
    assert beat.board == "generic-x86"
    assert 0 < beat.memory_used_mb < beat.memory_total_mb
    (pipeline,) = beat.pipelines
    assert (pipeline.name, pipeline.backend, pipeline.errors) == ("ghost", "synthetic", 0)
    assert set(pipeline.stages_ms) <= set(STAGES)
    assert pipeline.stages_ms["publish"].p50 >= 0


def test_a_later_start_is_a_later_session(mosquitto, recorder, start_agent, eventually, tmp_path: Path) -> None:
    for starts in (1, 2):
        agent = start_agent(mosquitto.port, [GHOST], state_dir=str(tmp_path / "state"))
        eventually(lambda starts=starts: len(recorder.events) == 20 * starts, what="all events")
        agent.stop()
    sessions = list(dict.fromkeys(event.session for event in recorder.events))
    assert len(sessions) == 2
    assert sessions == sorted(sessions)


def test_one_line_says_that_it_runs_for_whom_and_what(mosquitto, start_agent, eventually) -> None:
    agent = start_agent(mosquitto.port, [GHOST])
    eventually(lambda: "\n" in agent.output, what="the line")
    assert agent.output == (
        f"skerry agent garden/cam-1 -> mqtt://127.0.0.1:{mosquitto.port}; pipelines: ghost (synthetic)\n"
    )


def test_an_interrupt_at_the_terminal_ends_it_as_cleanly(mosquitto, recorder, start_agent, eventually, is_gone) -> None:
    agent = start_agent(mosquitto.port, [GHOST])
    eventually(lambda: recorder.events, what="an event")
    children = agent.children()
    agent.process.send_signal(signal.SIGINT)
    assert agent.process.wait(30) == 0
    eventually(lambda: recorder.statuses[-1].reason == "stopped", what="the goodbye")
    eventually(lambda: all(is_gone(child) for child in children), what="the end of the children")
    assert "Traceback" not in agent.log


def test_the_parent_is_small_and_holds_no_runtime(mosquitto, recorder, start_agent, eventually) -> None:
    agent = start_agent(mosquitto.port, [GHOST])
    eventually(lambda: len(recorder.events) == 20 and recorder.heartbeats, what="events and a heartbeat")
    maps = Path(f"/proc/{agent.process.pid}/maps").read_text()
    assert [name for name in HEAVY if name in maps] == []
    assert psutil.Process(agent.process.pid).memory_info().rss < PARENT_MB * 1e6


def test_importing_the_parent_imports_no_runtime() -> None:
    code = f"import sys, skerry_edge.agent.parent; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_second_agent_on_a_state_directory_is_refused(mosquitto, start_agent, eventually, tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    first = start_agent(mosquitto.port, [GHOST], state_dir=state)
    eventually(lambda: "connected" in first.log, what="the first agent")
    second = start_agent(mosquitto.port, [GHOST], state_dir=state, device="cam-2")
    assert second.process.wait(60) == ReachError.exit_code
    assert f"process {first.process.pid}" in second.log
    assert "Traceback" not in second.log
    assert first.process.poll() is None


def test_asking_twice_is_no_harm(mosquitto, recorder, start_agent, eventually) -> None:
    agent = start_agent(mosquitto.port, [GHOST])
    eventually(lambda: recorder.events, what="an event")
    agent.process.send_signal(signal.SIGTERM)
    agent.process.send_signal(signal.SIGTERM)
    assert agent.process.wait(30) == 0
    eventually(lambda: recorder.statuses[-1].reason == "stopped", what="the goodbye")

"""A backend that fails under a running pipeline, and what the fleet sees of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_edge.backends.stand_in import VARIABLE

GHOST = {"kind": "synthetic", "name": "ghost", "events_per_s": 20.0, "backends": ["first", "second"]}


@pytest.fixture
def looking(discs: Path, tmp_path: Path) -> Callable[..., dict]:
    """Return a function that configures a pipeline looking for discs for ever, on the stand-in first."""
    picture = np.full((240, 320, 3), 128, np.uint8)
    cv2.imwrite(str(tmp_path / "grey.png"), picture)

    def configure(name: str, *backends: str) -> dict:
        source = {"kind": "images", "path": str(tmp_path / "grey.png"), "loop": True, "max_fps": 20.0}
        return {
            "kind": "detection",
            "name": name,
            "model": str(discs),
            "threads": 1,
            "backends": ["stand-in", *backends],
            "source": source,
        }

    return configure


def runs_on(recorder, backend: str, pipeline: int = 0) -> bool:
    """Tell whether a heartbeat says that the pipeline works on a backend."""
    return any(
        beat.pipelines[pipeline].backend == backend and beat.pipelines[pipeline].frames for beat in recorder.heartbeats
    )


def reasons(recorder) -> list[str]:
    return [status.reason for status in recorder.statuses if status.state == "degraded"]


def test_a_backend_that_hangs_is_left_for_the_next(
    mosquitto, recorder, start_agent, eventually, looking, tmp_path: Path
) -> None:
    orders = f"fault=hang after=60 latency_ms=5 marker={tmp_path / 'hung'}"
    start_agent(mosquitto.port, [looking("gate", "onnx")], environment={VARIABLE: orders})
    eventually(lambda: runs_on(recorder, "stand-in"), what="work on the first choice")
    eventually(lambda: runs_on(recorder, "onnx"), what="work on the second choice")
    assert recorder.states[:2] == ["online", "degraded"]
    first, *_, last = reasons(recorder)
    assert first.startswith("gate: no progress for ")
    assert first.endswith(" (learned from its pace)")
    assert last.startswith("gate: runs on onnx instead of stand-in (stand-in: no progress for ")
    assert recorder.states == ["online", "degraded"], "on its second choice it is still degraded"
    assert recorder.heartbeats[-1].pipelines[0].state == "running"


def test_a_backend_that_is_missing_is_passed_over_with_its_reason(
    mosquitto, recorder, start_agent, eventually, looking
) -> None:
    agent = start_agent(mosquitto.port, [looking("gate", "onnx")], environment={VARIABLE: "fault=missing"})
    eventually(lambda: runs_on(recorder, "onnx"), what="work on the second choice")
    assert reasons(recorder)[-1] == (
        "gate: runs on onnx instead of stand-in (stand-in: the stand-in is not there, as it was told)"
    )
    assert agent.log.count("failed") == 1


def test_a_model_that_hangs_while_it_loads_is_told_of_and_left_for_the_next_backend(
    mosquitto, recorder, start_agent, eventually, looking, tmp_path: Path
) -> None:
    marker = tmp_path / "hung"
    marker.touch()
    agent = start_agent(
        mosquitto.port, [looking("gate", "onnx")], environment={VARIABLE: f"fault=stall marker={marker}"}
    )
    eventually(lambda: runs_on(recorder, "stand-in"), what="work, so that the device knows how long loading takes")
    agent.stop()
    marker.unlink()
    agent.start_again()
    eventually(lambda: runs_on(recorder, "onnx"), what="work on the second choice")
    first, *_, last = reasons(recorder)
    assert re.fullmatch(r"gate: opening its model for \S+ s, usually \S+ s", first)
    assert last.startswith("gate: runs on onnx instead of stand-in (stand-in: hung while opening its model: ")


def test_a_backend_that_crashes_has_a_second_chance_before_it_is_left(
    mosquitto, recorder, start_agent, eventually
) -> None:
    crash = {"fault": "crash", "fault_after": 5, "faulty_backends": ["first"]}
    agent = start_agent(mosquitto.port, [{**GHOST, **crash}])
    eventually(lambda: runs_on(recorder, "second"), what="work on the second choice")
    assert agent.log.count("ended by SIGSEGV") == 2
    assert reasons(recorder)[-1] == "ghost: runs on second instead of first (first: the child ended by SIGSEGV)"


def test_a_child_that_somebody_else_ends_is_started_again(mosquitto, recorder, start_agent, eventually) -> None:
    agent = start_agent(mosquitto.port, [GHOST])
    eventually(lambda: recorder.events, what="an event")
    (child,) = agent.children()
    child.terminate()
    eventually(lambda: recorder.states == ["online", "degraded", "online"], what="degraded, then online")
    assert reasons(recorder) == ["ghost: the child was told to end, and not by the agent"]


def test_pipelines_on_an_exclusive_accelerator_share_a_process_and_a_hang_of_one_costs_the_other_a_restart(
    mosquitto, recorder, start_agent, eventually, looking, tmp_path: Path
) -> None:
    orders = f"fault=hang after=60 latency_ms=5 marker={tmp_path / 'hung'}"
    agent = start_agent(
        mosquitto.port, [looking("gate", "onnx"), looking("door", "onnx")], environment={VARIABLE: orders}
    )
    eventually(lambda: all(runs_on(recorder, "stand-in", one) for one in (0, 1)), what="work of both")
    (shared,) = agent.children()
    assert all(one.shares_process for one in recorder.heartbeats[-1].pipelines), "its memory is both's"
    eventually(lambda: runs_on(recorder, "onnx", 0) or runs_on(recorder, "onnx", 1), what="one on its second choice")
    eventually(lambda: len(agent.children()) == 2 and recorder.heartbeats[-1].pipelines[0].frames, what="both again")
    beat = recorder.heartbeats[-1]
    assert sorted(one.backend for one in beat.pipelines) == ["onnx", "stand-in"]
    assert not any(one.shares_process for one in beat.pipelines)
    assert shared not in agent.children()
    assert "which shares its accelerator" in agent.log


def test_a_pipeline_that_fails_in_a_shared_process_leaves_the_other_alone(
    mosquitto, recorder, start_agent, eventually, looking, tmp_path: Path
) -> None:
    lost = {**looking("lost"), "source": {"kind": "images", "path": str(tmp_path / "none.png")}}
    agent = start_agent(mosquitto.port, [looking("gate"), lost])
    eventually(agent.children, what="the shared process")
    (first,) = agent.children()
    eventually(lambda: agent.log.count("pipeline lost failed") >= 3, what="failures of one pipeline")
    eventually(lambda: runs_on(recorder, "stand-in"), what="work of the other")
    (shared,) = agent.children()
    assert shared.create_time() == first.create_time()
    assert "pipeline gate failed" not in agent.log
    assert all(reason.startswith("lost: ") for reason in reasons(recorder))

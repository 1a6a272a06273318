"""Figures of a running agent: what a pipeline adds to its network, memory, wake words, and what a hang costs."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.accept_cost import measure_accept
from benchmarks.agent_memory import parent_mb
from benchmarks.agent_rig import Heard, running_agent
from benchmarks.report import BENCH, Figure, at_most, not_measured, publish
from benchmarks.tiny_yolo import TinyYolo, make_tiny_yolo
from benchmarks.wakeword_cost import measure

from skerry_edge.backends.stand_in import VARIABLE
from skerry_edge.contracts.messages import Heartbeat, Message, PipelineVitals, Status
from skerry_edge.foundation.errors import SkerryError

FOLDER = BENCH / "agent"
RUNS = FOLDER / "runs"
"""Emptied at the beginning: what an earlier run left in an outbox would be sent again."""
HEARTBEATS = 15
"""A second apart, after the first that tells of frames."""
VARIANTS = ("onnx-int8", "tflite-int8")
HANGS = 5
HANG_KINDS = ("hang", "early_hang", "slow_hang", "load_hang")
_NEED_NETWORK = (
    ("frame_overhead_ms", "<= 2", "ms"),
    ("detection_child_mb", "<= 200", "MB"),
    *((f"{kind}_to_degraded_s", "<= 3", "s") for kind in HANG_KINDS),
    *((f"{kind}_to_next_backend_s", "<= 5", "s") for kind in HANG_KINDS),
)
WORDS_SAID_S = 120.0
ACCEPTED = 400
_WITHIN = ("preprocess", "inference", "postprocess")


def main(arguments: list[str]) -> None:
    """Measure every figure, print and write them. A goal that is not met is told by the figure, not the exit code."""
    if arguments:
        sys.exit(f"the suite takes no arguments, found: {' '.join(arguments)}")
    shutil.rmtree(RUNS, ignore_errors=True)
    publish("agent", [overhead_figure(), *network_figures(), parent_figure(), *outbox_figures(), *wakeword_figures()])


def overhead_figure() -> Figure:
    """Return what a pipeline with objects adds to its network, from the frame to the event's place in the outbox."""
    try:
        with running_agent(RUNS / "signs", [signs_pipeline()]) as (_, heard):
            heard.wait(lambda: len(with_events(heard)) >= HEARTBEATS, "heartbeats that tell of events")
    except (FileNotFoundError, TimeoutError) as error:
        return not_measured("pipeline_overhead_ms", "<= 2", "ms", str(error))
    windows = with_events(heard)[-HEARTBEATS:]
    beside_ms = statistics.median(overhead_ms(one) for one in windows)
    accepted_ms = statistics.median(one.stages_ms["publish"].p50 for one in windows)
    both_ms = statistics.median(overhead_ms(one) + one.stages_ms["publish"].p50 for one in windows)
    note = f"signs that come and go: {beside_ms:.2f} ms of a frame, and {accepted_ms:.2f} ms to the outbox"
    return at_most("pipeline_overhead_ms", both_ms, 2, "ms", note=note)


def network_figures() -> list[Figure]:
    """Return the figures that need int8 TinyYOLOv2: what a pipeline costs beside its network, and what a hang costs."""
    try:
        network = make_tiny_yolo(FOLDER, ("onnx-fp32", "tflite-fp32", *VARIANTS))
        figures = [one for name in VARIANTS for one in variant_figures(name, network)]
        return [*figures, *hang_figures(network)]
    except (FileNotFoundError, TimeoutError) as error:
        return [not_measured(name, goal, unit, str(error)) for name, goal, unit in _NEED_NETWORK]


def pipeline_of(network: TinyYolo, **more: object) -> dict[str, object]:
    """Return a pipeline that looks at one picture again and again, eight times a second."""
    source = {"kind": "images", "path": str(network.picture), "loop": True, "max_fps": 8}
    return {"kind": "detection", "name": "eye", "model": str(network.bundle), "threads": 2, "source": source, **more}


def variant_figures(variant: str, network: TinyYolo) -> list[Figure]:
    """Run one variant in an agent, and return what is spent beside its network, and the memory of its child.

    The network's weights are noise and see no objects: what events cost is `pipeline_overhead_ms`.
    """
    with running_agent(RUNS / variant, [pipeline_of(network, variant=variant)]) as (_, heard):
        heard.wait(lambda: len(at_work(heard)) >= HEARTBEATS, "heartbeats of the pipeline")
        windows = at_work(heard)[-HEARTBEATS:]
    child_mb = max(one.memory_mb or 0.0 for one in windows)
    beside_ms = statistics.median(overhead_ms(one) for one in windows)
    end_to_end = statistics.median(one.stages_ms["end_to_end"].p50 for one in windows)
    note = f"{variant}: of a frame's {end_to_end:.1f} ms; nothing is seen in it"
    return [
        at_most("frame_overhead_ms", beside_ms, 2, "ms", note=note),
        at_most("detection_child_mb", child_mb, 200, "MB", note=variant),
    ]


def hang_figures(network: TinyYolo) -> list[Figure]:
    """Let the first backend stop answering, and return how soon the fleet is told, and how soon the next one answers.

    The second is the arrival of the heartbeat that tells of it, one each 0.1 s. A pipeline hangs at work, at its second
    frame, at work on a network that takes 0.5 s, and while it loads a model that this device has loaded before.
    """
    pipeline = pipeline_of(network, variant="onnx-int8", backends=["stand-in", "onnx"])
    hangs: dict[str, list[tuple[float, float]]] = {kind: [] for kind in HANG_KINDS}
    for number in range(HANGS):
        hangs["hang"].append(hang(RUNS / f"hang-{number}", pipeline, "fault=hang after=40"))
        # The first inference is the trial run.
        hangs["early_hang"].append(hang(RUNS / f"early-{number}", pipeline, "fault=hang after=2"))
        hangs["slow_hang"].append(hang(RUNS / f"slow-{number}", pipeline, "fault=hang after=30 latency_ms=500"))
        folder = RUNS / f"stall-{number}"
        with running_agent(folder, [pipeline], heartbeat_interval_s=0.1) as (_, heard):
            heard.when(lambda one: _tells_of("stand-in", one))
        hangs["load_hang"].append(hang(folder, pipeline, "fault=stall"))
    return [figure for kind, each in hangs.items() for figure in _hang_figures(kind, each)]


def hang(folder: Path, pipeline: dict[str, object], fault: str) -> tuple[float, float]:
    """Return the seconds from a hang to `degraded`, and to the first inference on the next backend."""
    marker = folder / "hung"
    marker.unlink(missing_ok=True)
    orders = {VARIABLE: f"{fault} marker={marker}"}
    with running_agent(folder, [pipeline], heartbeat_interval_s=0.1, environment=orders) as (_, heard):
        told = heard.when(lambda one: isinstance(one, Status) and one.state == "degraded")
        answered = heard.when(lambda one: _tells_of("onnx", one))
        began = marker.stat().st_mtime
    return told - began, answered - began


def _hang_figures(name: str, hangs: list[tuple[float, float]]) -> list[Figure]:
    told_s, answered_s = [one for one, _ in hangs], [one for _, one in hangs]
    return [
        at_most(f"{name}_to_degraded_s", max(told_s), 3, "s", note=f"longest of {HANGS}; median {_median(told_s)}"),
        at_most(
            f"{name}_to_next_backend_s", max(answered_s), 5, "s", note=f"longest of {HANGS}; {_median(answered_s)}"
        ),
    ]


def _median(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f}"


def _tells_of(backend: str, message: Message) -> bool:
    return isinstance(message, Heartbeat) and any(one.backend == backend and one.frames for one in message.pipelines)


def outbox_figures() -> list[Figure]:
    """Return what it costs to accept an event durably, beside a bare sync of the same disk; no goal of its own."""
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        cost = measure_accept(Path(folder), puts=ACCEPTED)
    put_ms, sync_ms = statistics.median(cost.put_ms), statistics.median(cost.sync_ms)
    note = f"median of {ACCEPTED}; a bare sync of one page {sync_ms:.2f} ms"
    return [at_most("accept_ms", put_ms, 2, "ms", note=note)]


def wakeword_figures() -> list[Figure]:
    """Return what listening for four words costs, and how soon after its end a word is told of."""
    data = Path(os.environ.get("SKERRY_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    try:
        cost = measure(data / "wakeword" / "alexa", seconds=WORDS_SAID_S)
    except (SkerryError, FileNotFoundError, TimeoutError) as error:
        return [
            not_measured("wakeword_cpu_percent", "<= 2", "%", str(error)),
            not_measured("wakeword_delay_ms", "<= 300", "ms", str(error)),
        ]
    lasted = f"parent, child and arecord, {cost.seconds:.0f} s live"
    heard = f"{len(cost.delays_ms)} of {cost.said} words, median {cost.delay_ms(0.5):.0f} ms"
    return [
        at_most("wakeword_cpu_percent", cost.cpu_percent, 2, "%", note=lasted),
        at_most("wakeword_delay_ms", cost.delay_ms(0.95), 300, "ms", note=f"to the broker, 95 % of {heard}"),
    ]


def at_work(heard: Heard) -> list[PipelineVitals]:
    """Return the windows of the first pipeline in which it looked at something."""
    return [one.pipelines[0] for one in heard.heartbeats() if one.pipelines and one.pipelines[0].frames]


def overhead_ms(window: PipelineVitals) -> float:
    """Return what lies between a frame's capture and the end of its judgement beside the network's own stages."""
    stages = {name: one.p50 for name, one in window.stages_ms.items()}
    return stages["end_to_end"] - sum(stages[name] for name in _WITHIN)


def with_events(heard: Heard) -> list[PipelineVitals]:
    """Return the windows of the first pipeline in which an event went to the outbox."""
    return [one for one in at_work(heard) if "publish" in one.stages_ms]


def signs_pipeline() -> dict[str, object]:
    """Return a pipeline that sees another scene every second, so that signs come and go."""
    scenes = FOLDER / "scenes"
    if not scenes.is_dir():
        render = [sys.executable, "-m", "skerry_edge", "render", "--count", "8", "--seed", "5", "--signless", "0"]
        subprocess.run([*render, "--out", str(scenes)], check=True, capture_output=True)
    source = {"kind": "images", "path": str(scenes / "JPEGImages"), "loop": True, "max_fps": 1}
    return {"kind": "detection", "name": "signs", "model": "skerry-signs", "threads": 1, "source": source}


def parent_figure() -> Figure:
    """Weigh the agent's parent while it is connected and its pipelines run."""
    try:
        return at_most("parent_mb", parent_mb(FOLDER), 60, "MB", note="largest of the samples")
    except (FileNotFoundError, TimeoutError) as error:
        return not_measured("parent_mb", "<= 60", "MB", str(error))

"""Figures beside other tools: TinyYOLOv2 from frame to boxes, ours and theirs in turn, by `skerry bench`'s peers."""

from __future__ import annotations

import argparse
import statistics
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass

from benchmarks.report import BENCH, Figure, at_least, at_most, not_measured, publish
from benchmarks.spin import SPIN_S
from benchmarks.tiny_yolo import CFG, TinyYolo, make_tiny_yolo
from rich.progress import Progress

from skerry_edge.bench.speed.beside import open_peer
from skerry_edge.bench.speed.cold import WORKER, ColdOrder
from skerry_edge.bench.speed.contender import Contender
from skerry_edge.bench.speed.frames import FrameSource
from skerry_edge.bench.speed.interleaving import Rounds, Turns, interleave
from skerry_edge.bench.speed.measuring import Pace, subject_of
from skerry_edge.bench.speed.pacing import Amount
from skerry_edge.bench.speed.peers.registry import DARKNET, DarknetFiles, Peer
from skerry_edge.bench.speed.plan import Choice, PlannedRow, plan_rows
from skerry_edge.bench.speed.spread import interleaved_ratio, median_ms
from skerry_edge.bench.speed.subject import Subject
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.vision.progress import progress_bar

FOLDER = BENCH / "compare"
THREADS = 2
ROUNDS = 20
STALL_S = 300.0
LITERT = "tflite-int8"
OURS = ("openvino-int8", LITERT, "onnx-int8")
BARE = {"openvino-int8": "openvino", "tflite-int8": "litert", "onnx-int8": "onnxruntime"}
"""Which tool runs the very file of each of our rows."""
OWN_FLOAT = "openvino-fp16"
"""Weights in half precision, computed in single: OpenVINO's own default for floats is bfloat16 where there is such."""
FLOATS = (("onnxruntime", "onnx-fp32"), ("openvino", "onnx-fp32"), ("litert", "tflite-fp32"), ("opencv", "onnx-fp32"))
_TARGETS = ("onnx-fp32", "tflite-fp32", OWN_FLOAT, *OURS)
_SPINS, _SPIN_BLOCKS = 50, 9
_HALF_PRECISION = ("bf16", "f16")
_GOALS = {
    "int8_vs_bare": "<= 1.15",
    "int8_vs_best_fp32": ">= 3",
    "vs_opencv": ">= 6",
    "vs_darknet": ">= 40",
    "litert_int8_vs_best": "<= 1.7",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """What came out of one run: our rows by variant, peers by tool and file, and why others have no times.

    ``half`` are peers that computed a float file in half precision, by their own word.
    """

    ours: dict[str, Turns]
    peers: dict[tuple[str, str], Turns]
    missing: dict[str, str]
    half: tuple[str, ...]


def main(arguments: list[str]) -> None:
    """Measure every figure, print and write them. A goal that is not met is told by the figure, not the exit code."""
    parser = argparse.ArgumentParser(prog="make bench SUITE=compare", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often everything takes its turn")
    rounds = parser.parse_args(arguments).rounds
    with progress_bar(lines_on_stdout=False) as bar:
        publish("compare", [*network_figures(rounds, bar), harness_figure()])


def network_figures(rounds: int, bar: Progress) -> list[Figure]:
    """Return the figures that need TinyYOLOv2."""
    if not CFG.is_file():
        reason = f"{CFG.name} is not there: install Debian's package darknet"
        return [not_measured(name, goal, "", reason) for name, goal in _GOALS.items()]
    task = bar.add_task("converting TinyYOLOv2", total=1)
    network = make_tiny_yolo(FOLDER, _TARGETS)
    bar.advance(task)
    return compared(_timed(network, rounds, bar))


def compared(timed: Timed) -> list[Figure]:
    """Return the figures of one run."""
    best = min((name for name in timed.ours if name in OURS), key=lambda name: median_ms(timed.ours[name]))
    ours = timed.ours[best]
    floats = {key: turns for key, turns in timed.peers.items() if key[1] not in OURS and key[0] not in timed.half}
    floats |= {("ours,", name): turns for name, turns in timed.ours.items() if name == OWN_FLOAT}
    fastest = min(floats, key=lambda key: median_ms(floats[key]))
    told = f"; not fp32 by default: {', '.join(timed.half)}" if timed.half else ""
    return [
        _figure("int8_vs_bare", best, ours, f"{BARE[best]} alone", timed.peers[BARE[best], best]),
        _figure("int8_vs_best_fp32", " ".join(fastest), floats[fastest], best, ours, note=told),
        _beside(timed, "vs_opencv", "opencv", best),
        _beside(timed, "vs_darknet", DARKNET, best),
        *[_figure("litert_int8_vs_best", name, one, best, ours) for name, one in timed.ours.items() if name == LITERT],
    ]


def harness_figure() -> Figure:
    """Compare blocks of spins of a known length, as the asking side sees them, with that length."""
    taken = []
    with closing(Contender("benchmarks.spin", None, stall_s=STALL_S)) as spinning:
        spinning.run(1)
        for _ in range(_SPIN_BLOCKS):
            began = time.perf_counter()
            spinning.run(_SPINS)
            taken.append((time.perf_counter() - began) / (_SPINS * SPIN_S) - 1)
    note = f"{_SPIN_BLOCKS} blocks of {_SPINS} spins of {SPIN_S * 1e3:g} ms, asking and answering included"
    return at_most("harness_overhead", statistics.median(taken), 0.01, note=note)


def _timed(network: TinyYolo, rounds: int, bar: Progress) -> Timed:
    bundle = Bundle.open(network.bundle)
    planned = plan_rows((bundle,), Choice(variants=(*OURS, OWN_FLOAT), threads=(THREADS,)))
    rows = [row for row in planned if row.backend is not None]
    files = DarknetFiles(cfg=CFG, weights=network.weights)
    peers = [Peer(name=tool, variant=name) for name, tool in BARE.items()]
    peers += [Peer(name=tool, variant=name) for tool, name in FLOATS]
    missing, opened = {}, {}
    with ExitStack() as stack:
        for peer in (*peers, Peer(name=DARKNET, files=files)):
            started = _started(peer, bundle, stack)
            if isinstance(started, SkerryError):
                missing[peer.name] = str(started)
            else:
                opened[peer.name, started[1]] = started[0]
        own = [stack.enter_context(closing(_ours(row))) for row in rows]
        task = bar.add_task("measuring in turn", total=rounds)
        turns = interleave(
            [*own, *opened.values()],
            Rounds(count=rounds),
            lambda share: bar.update(task, completed=round(share * rounds)),
        )
    return Timed(
        ours={row.variant: one for row, one in zip(rows, turns, strict=False)},
        peers=dict(zip(opened, turns[len(rows) :], strict=True)),
        missing=missing,
        half=tuple(key[0] for key, one in opened.items() if key[1] not in OURS and _is_half(one)),
    )


def _started(peer: Peer, bundle: Bundle, stack: ExitStack) -> tuple[Contender, str] | SkerryError:
    beside = Subject(bundle=bundle.path, variant=OURS[0], backend="", threads=THREADS, frames=FrameSource())
    try:
        return open_peer(peer, bundle, beside, Pace(amount=Amount(), stall_s=STALL_S), stack)
    except SkerryError as error:
        return error


def _ours(row: PlannedRow) -> Contender:
    subject = subject_of(row, row.backend or "", FrameSource())
    return Contender(WORKER, ColdOrder(subject=subject, started_s=time.monotonic()), stall_s=STALL_S)


def _is_half(peer: Contender) -> bool:
    return peer.ready.precision in _HALF_PRECISION


def _beside(timed: Timed, figure: str, tool: str, best: str) -> Figure:
    found = [turns for key, turns in timed.peers.items() if key[0] == tool]
    if not found:
        return not_measured(figure, _GOALS[figure], "", timed.missing.get(tool, "it was not started"))
    return _figure(figure, tool, found[0], best, timed.ours[best])


def _figure(figure: str, over: str, above: Turns, under: str, below: Turns, *, note: str = "") -> Figure:
    """Return a ratio of medians, held against its goal."""
    ratio = interleaved_ratio(above, below)
    words = f"{over} {median_ms(above):.2f} ms to {under} {median_ms(below):.2f} ms"
    words += f"; 95 % interval {ratio.low:.3g} to {ratio.high:.3g}{note}"
    sign, _, limit = _GOALS[figure].partition(" ")
    held = at_most if sign == "<=" else at_least
    return held(figure, ratio.value, float(limit), note=words)

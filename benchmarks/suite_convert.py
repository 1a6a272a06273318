"""Figures of the converter: time and memory for every target, sizes, accuracy on real photographs, tools by hand."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from benchmarks.accuracy_aware import searched_figures
from benchmarks.all_targets import all_targets_figures
from benchmarks.by_hand import BY_HAND
from benchmarks.interleave import in_turn, median_ms, ratio
from benchmarks.report import Figure, at_most, not_measured, publish
from benchmarks.voc_halves import Halves, Pictures, both_ways, data_folder, photographs, yolo_fastest

from skerry_converters.families.base import Emitted
from skerry_converters.families.registry import TARGETS
from skerry_edge.backends.registry import open_backend
from skerry_edge.vision.normalise import stored

MOST_DROP_POINTS = 2.0
RUNTIMES = ("onnx-int8", "tflite-int8", "openvino-int8")
ROUNDS = 200
SLOWER = 1.05
"""Interleaved medians of the very same file differ by some per cent."""
WAYS = ("odd", "even", "all")
"""The photographs that are judged: each half by a file calibrated with the other, then all 50 together."""


def main(arguments: list[str]) -> None:
    """Measure every figure, print and write them. A goal that is not met is told by the figure, not the exit code."""
    if arguments:
        sys.exit(f"the suite takes no arguments, found: {' '.join(arguments)}")
    publish("convert", [*all_targets_figures(), *accuracy_figures()])


def accuracy_figures() -> list[Figure]:
    """Return what int8 loses on real photographs, plain and searched for, and how plain compares with tools by hand."""
    try:
        folder = data_folder()
    except FileNotFoundError as error:
        return [
            not_measured(f"voc_drop_{_word(name)}_all", f"<= {MOST_DROP_POINTS:g}", "points", str(error))
            for name in RUNTIMES
        ]
    figures = []
    with tempfile.TemporaryDirectory() as work:
        for name in RUNTIMES:
            halves = both_ways(name, yolo_fastest(folder), photographs(folder), Path(work))
            figures += [_drop(name, place, halves) for place in range(len(WAYS))]
            figures += _beside_by_hand(name, halves.emitted, folder, Path(tempfile.mkdtemp(dir=work)))
    return [*figures, *searched_figures(RUNTIMES)]


def _drop(name: str, place: int, halves: Halves) -> Figure:
    note = f"{halves.float_points[place]:.1f} to {halves.target_points[place]:.1f}, 11-point mAP at IoU 0.5"
    figure = f"voc_drop_{_word(name)}_{WAYS[place]}"
    return at_most(figure, halves.drops[place], MOST_DROP_POINTS, "points", note)


def _beside_by_hand(name: str, emitted: Emitted, folder: Path, work: Path) -> list[Figure]:
    """Return size and time of a file against those of the tool by hand, for the same half of the photographs."""
    source = yolo_fastest(folder)
    files = BY_HAND[name](Pictures(paths=photographs(folder)[1::2], source=source), work)
    backend = TARGETS[name].backend
    ours, theirs = open_backend(backend, emitted.runnable), open_backend(backend, files[0])
    random = np.random.default_rng(0).random(emitted.inputs[0].shape)
    tensor = stored(random, emitted.inputs[0])
    times = in_turn({"ours": lambda: ours.infer((tensor,)), "by hand": lambda: theirs.infer((tensor,))}, ROUNDS)
    note = f"{median_ms(times, 'ours'):.2f} ms against {median_ms(times, 'by hand'):.2f} ms"
    by_hand = sum(one.stat().st_size for one in files)
    return [
        at_most(f"{_word(name)}_size_beside_by_hand", _size(emitted) / by_hand, 1.0, "", f"{_size(emitted)} bytes"),
        at_most(f"{_word(name)}_time_beside_by_hand", ratio(times, "ours", "by hand"), SLOWER, "", note),
    ]


def _size(emitted: Emitted) -> int:
    return sum(one.stat().st_size for one in emitted.files)


def _word(name: str) -> str:
    return name.replace("-", "_")

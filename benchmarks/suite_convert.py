"""Figures of the converter: time and memory for every target, sizes, accuracy on real photographs, tools by hand."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from benchmarks.accuracy_aware import searched_figures
from benchmarks.by_hand import BY_HAND
from benchmarks.interleave import in_turn, median_ms, ratio
from benchmarks.peak_memory import peak_memory
from benchmarks.report import Figure, at_most, not_measured, publish
from benchmarks.tiny_yolo import CFG, CLASSES, frame, seeded_weights
from benchmarks.voc_halves import Halves, Pictures, both_ways, data_folder, photographs, yolo_fastest
from numpy.typing import NDArray

from skerry_converters.darknet.source import load_darknet
from skerry_converters.families.apart import make_apart
from skerry_converters.families.base import Emitted
from skerry_converters.families.registry import ALL, TARGETS, choose_targets
from skerry_converters.model import Thresholds
from skerry_converters.sources.darknet import DarknetSource
from skerry_edge.backends.registry import open_backend
from skerry_edge.vision.normalise import stored

MOST_S = 480.0
MOST_MB = 4096.0
MOST_INT8_SHARE = 0.26
MOST_DROP_POINTS = 2.0
RUNTIMES = ("onnx-int8", "tflite-int8", "openvino-int8")
SAMPLES = 25
ROUNDS = 200
SLOWER = 1.05
"""Interleaved medians of the very same file differ by some per cent."""
WAYS = ("odd", "even", "all")
"""The photographs that are judged: each half by a file calibrated with the other, then all 50 together."""


def main(arguments: list[str]) -> None:
    """Measure every figure, print and write them. A goal that is not met is told by the figure, not the exit code."""
    if arguments:
        sys.exit(f"the suite takes no arguments, found: {' '.join(arguments)}")
    publish("convert", [*tiny_yolo_figures(), *accuracy_figures()])


class Frames:
    """Random pictures as TinyYOLOv2's input."""

    def __len__(self) -> int:
        """Return the number of pictures."""
        return SAMPLES

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Give the inputs one by one: one soft noise, cut at another place each time."""
        picture = frame()[..., ::-1].transpose(2, 0, 1).astype(np.float32) / np.float32(255)
        for number in range(SAMPLES):
            left = number * 20
            yield np.ascontiguousarray(picture[np.newaxis, :, 100:516, left : left + 416])


def tiny_yolo_figures() -> list[Figure]:
    """Return the figures of all targets from TinyYOLOv2."""
    if not CFG.is_file():
        reason = f"{CFG.name} is not there: install Debian's package darknet"
        return [not_measured("tiny_yolo_all_targets_s", f"<= {MOST_S:g}", "s", reason)]
    with tempfile.TemporaryDirectory() as work:
        source = _tiny_yolo(Path(work))
        choice = choose_targets((ALL,), source.facts, calibrated=True)
        sizes: dict[str, int] = {}
        began = time.perf_counter()
        with peak_memory() as memory:
            for target in choice.targets:
                folder = Path(tempfile.mkdtemp(dir=work))
                sizes[target.name] = _size(make_apart(target.name, source, Frames(), folder))
        elapsed_s = time.perf_counter() - began
    left_out = ", ".join(f"without {name}: {reason}" for name, reason in choice.left_out.items())
    note = f"{len(choice.targets)} of {len(TARGETS)} targets, {SAMPLES} samples; {left_out}".rstrip("; ")
    shares = [
        at_most(f"tiny_yolo_{_word(name)}_size_share", sizes[name] / sizes[_float_of(name)], MOST_INT8_SHARE)
        for name in RUNTIMES
        if name in sizes
    ]
    return [
        at_most("tiny_yolo_all_targets_s", elapsed_s, MOST_S, "s", note),
        at_most("tiny_yolo_peak_mb", memory.mb, MOST_MB, "MB", "this process and its children at once"),
        *shares,
    ]


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


def _tiny_yolo(folder: Path) -> DarknetSource:
    weights, labels = folder / "tiny.weights", folder / "tiny.names"
    weights.write_bytes(seeded_weights(seed=0))
    labels.write_text("".join(f"class {number}\n" for number in range(CLASSES)), encoding="utf-8")
    return DarknetSource(model=load_darknet(CFG, weights, labels, resize="letterbox", thresholds=Thresholds()))


def _float_of(name: str) -> str:
    family = name.partition("-")[0]
    # OpenVINO has no file of full floats; the same weights in ONNX take as much.
    return f"{family}-fp32" if f"{family}-fp32" in TARGETS else "onnx-fp32"


def _size(emitted: Emitted) -> int:
    return sum(one.stat().st_size for one in emitted.files)


def _word(name: str) -> str:
    return name.replace("-", "_")

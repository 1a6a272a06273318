"""Figures of the runtime: frame to boxes, its parts, and how fast and small the programs are."""

from __future__ import annotations

import statistics
import sys
from contextlib import closing
from pathlib import Path

import cv2
import onnxruntime
from benchmarks import darknet
from benchmarks.agent_memory import parent_mb
from benchmarks.interleave import in_turn, median_ms, program, ratio
from benchmarks.report import BENCH, Figure, at_least, at_most, not_measured, publish
from benchmarks.tiny_yolo import ANCHORS_IN_CELLS, CLASSES, TinyYolo, frame, make_tiny_yolo, plausible_output

from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import ImageInput, Tensor, YoloRegion
from skerry_edge.vision.decoders.base import Limits
from skerry_edge.vision.decoders.region import RegionDecoder
from skerry_edge.vision.detector import Detector
from skerry_edge.vision.preprocess import Preprocessor

FOLDER = BENCH / "runtime"
VARIANT = "onnx-fp32"
THRESHOLD = 0.3
SIDE = 416
LETTERBOX = ImageInput(width=SIDE, height=SIDE, resize="letterbox", sampling="corners")
"""As the converter describes a Darknet network's input."""
PAIRS = 120
"""Rounds of the figures that run the network, some 20 ms a call."""
FAST_PAIRS = 1500
"""Rounds of the figures that take less than a millisecond."""
STARTS = 25
"""Rounds of the figures that start a process."""
DARKNET_ROUNDS, DARKNET_PICTURES, OURS_A_ROUND = 5, 3, 20
_IMPORT = "import time; began = time.perf_counter(); import {}; print(time.perf_counter() - began)"


def main(arguments: list[str]) -> None:
    """Measure every figure, print and write them. A goal that is not met is told by the figure, not the exit code."""
    if arguments:
        sys.exit(f"the suite takes no arguments, found: {' '.join(arguments)}")
    cv2.setNumThreads(cv2.getNumberOfCPUs())
    publish("runtime", [*network_figures(), *stage_figures(), help_figure(), import_figure(), agent_figure()])


def network_figures() -> list[Figure]:
    """Return the figures that need TinyYOLOv2 and Darknet."""
    try:
        network = make_tiny_yolo(FOLDER)
    except FileNotFoundError as error:
        return [
            not_measured("frame_to_boxes_ratio", "<= 1.05", "", str(error)),
            not_measured("darknet_speedup", ">= 10", "", str(error)),
        ]
    with closing(Detector.open(network.bundle, variant=VARIANT, score_threshold=THRESHOLD)) as detector:
        return [frame_to_boxes_figure(network, detector), darknet_figure(network, detector)]


def frame_to_boxes_figure(network: TinyYolo, detector: Detector) -> Figure:
    """Compare a frame's whole way to its boxes with the bare ONNX Runtime call of the same file."""
    bare, described = bare_session(network.bundle), detector.manifest.variants[VARIANT].inputs[0]
    tensor, _ = Preprocessor(LETTERBOX, described).run(frame())
    feed, pixels = {described.name: tensor}, frame()
    times = in_turn({"ours": lambda: detector.detect(pixels), "bare": lambda: bare.run(None, feed)}, PAIRS)
    note = f"{median_ms(times, 'ours'):.2f} ms to {median_ms(times, 'bare'):.2f} ms"
    return at_most("frame_to_boxes_ratio", ratio(times, "ours", "bare"), 1.05, note=note)


def bare_session(bundle: Path) -> onnxruntime.InferenceSession:
    """Return the network as ONNX Runtime alone runs it.

    Its workers stop spinning after each call, as ours do: else they would still spin, for some 30 ms, on the cores on
    which the other side is being timed.
    """
    opened = Bundle.open(bundle)
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.force_spinning_stop", "1")
    content = opened.read(opened.variant(VARIANT))
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def darknet_figure(network: TinyYolo, detector: Detector) -> Figure:
    """Compare the same frame's way to its boxes with the forward pass alone of Debian's Darknet."""
    pixels, ratios, ours_ms, theirs_ms = frame(), [], 0.0, 0.0
    for _ in range(DARKNET_ROUNDS):
        theirs_s = darknet.predict_s(network, DARKNET_PICTURES)
        times = in_turn({"ours": lambda: detector.detect(pixels)}, OURS_A_ROUND)
        ours_ms, theirs_ms = median_ms(times, "ours"), theirs_s * 1e3
        ratios.append(theirs_ms / ours_ms)
    note = f"last round {ours_ms:.1f} ms to {theirs_ms:.0f} ms; Darknet's resizing and boxes not counted"
    return at_least("darknet_speedup", statistics.median(ratios), 10, note=note)


def stage_figures() -> list[Figure]:
    """Compare preprocessing with one bare resize, and postprocessing with preprocessing."""
    pixels, raw = frame(), plausible_output(seed=0)
    preprocessor = Preprocessor(LETTERBOX, Tensor(name="image", shape=(1, 3, SIDE, SIDE), layout="NCHW"))
    output = Tensor(name="raw", shape=raw.shape, layout="NCHW")
    spec = YoloRegion(classes=CLASSES, anchors=ANCHORS_IN_CELLS)
    decoder = RegionDecoder(spec, output, Limits(score=THRESHOLD, iou=spec.nms_iou))
    _, geometry = preprocessor.run(pixels)
    times = in_turn(
        {
            "resize": lambda: cv2.resize(pixels, (SIDE, SIDE)),
            "preprocess": lambda: preprocessor.run(pixels),
            "postprocess": lambda: decoder.decode((raw,), geometry),
        },
        FAST_PAIRS,
    )
    prepared_ms, found = median_ms(times, "preprocess"), len(decoder.decode((raw,), geometry))
    before = f"{prepared_ms:.3f} ms to {median_ms(times, 'resize'):.3f} ms"
    after = f"{median_ms(times, 'postprocess'):.3f} ms to {prepared_ms:.3f} ms; {found} objects"
    return [
        at_most("preprocess_ratio", ratio(times, "preprocess", "resize"), 4, note=before),
        at_most("postprocess_ratio", ratio(times, "postprocess", "preprocess"), 0.25, note=after),
    ]


def help_figure() -> Figure:
    """Compare `skerry --help` with the import of the library that it is written with."""
    skerry = str(Path(sys.executable).with_name("skerry"))
    click = [sys.executable, "-c", "import click"]
    times = in_turn({"help": program([skerry, "--help"]), "click": program(click)}, STARTS, warm_up=1)
    limit_s = 3 * median_ms(times, "click") / 1e3
    return at_most(
        "help_s", median_ms(times, "help") / 1e3, limit_s, "s", note="goal: 3 times `python -c 'import click'`"
    )


def import_figure() -> Figure:
    """Compare what importing the contracts takes inside a fresh process with importing msgspec."""
    seconds: dict[str, list[float]] = {"skerry_edge.contracts": [], "msgspec": []}
    for _ in range(STARTS):
        for name, taken in seconds.items():
            taken.append(float(program([sys.executable, "-c", _IMPORT.format(name)])()))
    note = f"{statistics.median(seconds['skerry_edge.contracts']) * 1e3:.1f} ms"
    note += f" to {statistics.median(seconds['msgspec']) * 1e3:.1f} ms, msgspec included in both"
    return at_most("contracts_import_ratio", ratio(seconds, "skerry_edge.contracts", "msgspec"), 1.5, note=note)


def agent_figure() -> Figure:
    """Weigh the agent's parent while it is connected and its pipelines run."""
    try:
        return at_most("agent_parent_mb", parent_mb(FOLDER), 60, "MB", note="largest of the samples")
    except (FileNotFoundError, TimeoutError) as error:
        return not_measured("agent_parent_mb", "<= 60", "MB", str(error))

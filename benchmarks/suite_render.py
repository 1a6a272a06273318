"""Figures of the renderer: training draws its scenes as fast as it learns from them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice

import cv2
from benchmarks.report import Figure, at_least, publish

from skerry_converters.rendering.drive import drive
from skerry_converters.rendering.scene import render_scene

SEED = 0
WARM_UP, SCENES = 300, 400
"""Faces are drawn when they are first needed: until then scenes take longer."""
FRAMES = 100


def main(arguments: list[str]) -> None:
    """Measure every figure, print and write them. A goal that is not met is told by the figure, not the exit code."""
    if arguments:
        sys.exit(f"the suite takes no arguments, found: {' '.join(arguments)}")
    cv2.setNumThreads(1)
    publish("render", [scenes_figure(), frames_figure()])


def scenes_figure() -> Figure:
    """Count the scenes of 416x416 pixels that one core renders in a second of its own time."""
    for index in range(WARM_UP):
        render_scene(SEED, index)
    numbers = iter(range(WARM_UP, WARM_UP + SCENES))
    rate = a_second(lambda: render_scene(SEED, next(numbers)), SCENES)
    return at_least("scenes_per_core_second", rate, 60, note="416x416, one thread, processor time")


def frames_figure() -> Figure:
    """Count the frames of 1280x720 pixels of a drive that one core renders in a second of its own time."""
    frames: Iterator[object] = drive(SEED)
    list(islice(frames, 10))
    return at_least("frames_per_core_second", a_second(lambda: next(frames), FRAMES), 10, note="1280x720, one thread")


def a_second(call: Callable[[], object], times: int) -> float:
    """Return how often ``call`` runs in a second of this process's time, whatever else the machine does."""
    began = time.process_time()
    for _ in range(times):
        call()
    return times / (time.process_time() - began)


if __name__ == "__main__":
    main(sys.argv[1:])

"""How long a running pipeline goes without an inference when its model is switched, beside the old one and without.

The supervisor and its children are the real ones, on a picture that is looked at twenty times a second with the model
that the package ships; what is measured is the longest time between two frames around the switch.
`python -m benchmarks.model_switch [SWITCHES]` prints the figures.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from selectors import DefaultSelector

import cv2
import numpy as np
from benchmarks.report import BENCH, Figure, at_most
from msgspec.structs import replace

from skerry_edge.agent.children.load_times import LoadTimes
from skerry_edge.agent.children.mutes import Mutes
from skerry_edge.agent.children.supervisor import Supervisor
from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.config.sources import ImagesSource
from skerry_edge.agent.life.loop import turn
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.foundation.errors import ReachError
from skerry_edge.models.catalogue import shipped_models

SWITCHES = 10
FPS = 20.0
GOAL_S = 1.0
_BEFORE_FRAMES = 20
_PATIENCE_S = 60.0


class Bench:
    """A supervisor with one pipeline, and when each of its frames was done (monotonic seconds)."""

    def __init__(self, folder: Path, pipeline: DetectionPipeline) -> None:
        self._selector = DefaultSelector()
        files = StateFiles(folder)
        self.supervisor = Supervisor(
            (pipeline,),
            log_level="WARNING",
            selector=self._selector,
            environment=dict(os.environ),
            mutes=Mutes(files, []),
            load_times=LoadTimes(files, boot="bench"),
            on_finding=lambda _worker, _finding: None,
        )
        self.frames_s: list[float] = []

    def until(self, condition: Callable[[], bool]) -> None:
        """Turn the loop until something holds. Raises ReachError where it does not come to hold."""
        end_s = time.monotonic() + _PATIENCE_S
        while not condition():
            if time.monotonic() > end_s:
                raise ReachError("the pipeline does not come to work", todo="see its log above")
            turn(self._selector, (self.supervisor,))
            tally = self.supervisor.tally("gate")
            frame_s = tally.frame_s if tally else None
            if frame_s is not None and (not self.frames_s or frame_s > self.frames_s[-1]):
                self.frames_s.append(frame_s)

    def gap_s(self, switch: Callable[[], object]) -> float:
        """Return the longest time without a frame while ``switch`` takes place."""
        self._more(_BEFORE_FRAMES)
        first = len(self.frames_s) - 1
        old = self.supervisor.tally("gate")
        switch()
        self.until(lambda: self.supervisor.tally("gate") is not old)
        self._more(_BEFORE_FRAMES)
        around = self.frames_s[first:]
        return max(later - earlier for earlier, later in pairwise(around))

    def _more(self, frames: int) -> None:
        wanted = len(self.frames_s) + frames
        self.until(lambda: len(self.frames_s) >= wanted)

    def close(self) -> None:
        """End the children."""
        self.supervisor.stop(time.monotonic() + 2.0)
        self._selector.close()


def gaps_s(switches: int, *, beside: bool) -> list[float]:
    """Return the gap of so many switches from one copy of the model to another and back."""
    with _two_pipelines() as (folder, first, second):
        bench = Bench(folder, first)
        try:
            found = []
            for number in range(switches):
                following = (second, first)[number % 2]
                found.append(bench.gap_s(_switch(bench.supervisor, following, beside=beside)))
            return found
        finally:
            bench.close()


def _switch(supervisor: Supervisor, following: DetectionPipeline, *, beside: bool) -> Callable[[], object]:
    if beside:
        return lambda: supervisor.succeed(following)
    return lambda: supervisor.apply((following,), "WARNING")


@contextmanager
def _two_pipelines() -> Iterator[tuple[Path, DetectionPipeline, DetectionPipeline]]:
    """Give a folder, and in it one pipeline with each of two copies of the shipped model."""
    with tempfile.TemporaryDirectory(prefix="skerry-bench-") as name:
        folder = Path(name)
        cv2.imwrite(str(folder / "grey.png"), np.full((480, 640, 3), 127, np.uint8))
        (shipped,) = list(shipped_models().values())[:1]
        for copy in ("first", "second"):
            shutil.copy(shipped, folder / f"{copy}.skerry")
        first = DetectionPipeline(
            name="gate",
            model=str(folder / "first.skerry"),
            backends=("onnx",),
            threads=1,
            source=ImagesSource(path=str(folder / "grey.png"), loop=True, max_fps=FPS),
        )
        yield folder, first, replace(first, model=str(folder / "second.skerry"))


def switch_figures(switches: int = SWITCHES) -> list[Figure]:
    """Return the longest gap of all switches, and how long it would be without the new child beside the old."""
    beside, without = gaps_s(switches, beside=True), gaps_s(max(2, switches // 3), beside=False)
    note = (
        f"longest of {len(beside)}, median {statistics.median(beside):.3f} s, frames every {1 / FPS:.2f} s; "
        f"old ended first: longest of {len(without)} {max(without):.2f} s"
    )
    return [at_most("switch of a running model, without inference", max(beside), GOAL_S, "s", note)]


if __name__ == "__main__":
    BENCH.mkdir(parents=True, exist_ok=True)
    for figure in switch_figures(int(sys.argv[1]) if len(sys.argv) > 1 else SWITCHES):
        print(f"{figure.name}: {figure.value:.3f} {figure.unit} ({figure.goal}); {figure.note}")

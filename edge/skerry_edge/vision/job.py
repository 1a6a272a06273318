"""One run of `skerry detect`: every frame of every source through the detector, whatever single files do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

from rich.progress import Progress, TaskID

from skerry_edge.foundation.errors import SkerryError
from skerry_edge.vision.detector import Detector
from skerry_edge.vision.draw import draw_detections
from skerry_edge.vision.frames import Failure, Frame, Source
from skerry_edge.vision.report import Report
from skerry_edge.vision.saving import Drawings, OutputFolder
from skerry_edge.vision.sources import open_source
from skerry_edge.vision.stills import StillSource
from skerry_edge.vision.video import VideoSource


class DetectJob:
    """Runs a detector over files, reports each frame and failure, and saves drawn results where there is a folder."""

    def __init__(self, detector: Detector, report: Report, output: OutputFolder | None, bar: Progress) -> None:
        self._detector = detector
        self._report = report
        self._output = output
        self._bar = bar
        self._failed: set[str] = set()

    def run(self, names: tuple[str, ...]) -> int:
        """Work through ``names`` in order; return how many files failed, wholly or in part.

        A file that fails is reported and the next one follows. Raises ReachError where a result cannot be saved.
        """
        with self._bar:
            for name in names:
                try:
                    source = open_source(name)
                except SkerryError as error:
                    self._fail(Failure(source=name, error=error))
                    continue
                with closing(source):
                    self._run_source(source, self._bar.add_task(name, total=len(source) or None))
        self._report.close()
        return len(self._failed)

    def _run_source(self, source: StillSource | VideoSource, task: TaskID) -> None:
        drawings = self._output.drawings(source) if self._output else None
        try:
            for item, capture_ms in _timed(source):
                if isinstance(item, Failure):
                    self._fail(item)
                else:
                    self._run_frame(item, capture_ms, drawings)
                self._bar.advance(task)
        finally:
            if drawings:
                drawings.close()

    def _run_frame(self, frame: Frame, capture_ms: float, drawings: Drawings | None) -> None:
        try:
            result = self._detector.detect(frame.pixels)
        except SkerryError as error:
            self._fail(Failure(source=frame.source, error=error))
            return
        self._report.frame(frame, result.detections, {"capture": capture_ms, **result.timing_ms})
        if drawings:
            drawn = draw_detections(frame.pixels, result.detections, self._detector.manifest.labels)
            drawings.add(frame.source, drawn)

    def _fail(self, failure: Failure) -> None:
        self._failed.add(failure.source)
        self._report.failure(failure)


def _timed(source: Source) -> Iterator[tuple[Frame | Failure, float]]:
    """Yield the source's items, each with the milliseconds that reading and decoding it took."""
    items = source.frames()
    while True:
        start = time.perf_counter()
        item = next(items, None)
        if item is None:
            return
        yield item, (time.perf_counter() - start) * 1e3

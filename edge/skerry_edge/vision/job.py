"""One run of `skerry detect`: every frame of every source through the detector, whatever single files do."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass

from rich.progress import Progress, TaskID

from skerry_edge.foundation.errors import MissingError, SkerryError
from skerry_edge.foundation.source_error import SourceError
from skerry_edge.vision.cameras.names import open_named_camera, shown_name
from skerry_edge.vision.capture import LiveCapture
from skerry_edge.vision.detector import Detector
from skerry_edge.vision.draw import draw_detections
from skerry_edge.vision.frames import Failure, Frame, Source
from skerry_edge.vision.report import Report
from skerry_edge.vision.saving import Drawings, OutputFolder
from skerry_edge.vision.sources import open_source
from skerry_edge.vision.stills import StillSource
from skerry_edge.vision.video import VideoSource

_WAIT_S = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveLimits:
    """How long a camera may give no picture, and after how many it is left (None: when the user interrupts)."""

    stall_s: float = 10.0
    frames: int | None = None


class DetectJob:
    """Runs a detector over sources, reports each frame and failure, and saves drawn results where there is a folder."""

    def __init__(
        self, detector: Detector, report: Report, output: OutputFolder | None, bar: Progress, limits: LiveLimits
    ) -> None:
        self._detector = detector
        self._report = report
        self._output = output
        self._bar = bar
        self._limits = limits
        self._failed: set[str] = set()

    def run(self, names: tuple[str, ...]) -> int:
        """Work through ``names`` in order; return how many sources failed, wholly or in part.

        A source that fails is reported and the next one follows; a camera ends with its limit, or when the user
        interrupts it. Raises ReachError where a result cannot be saved.
        """
        with self._bar:
            for name in names:
                try:
                    camera = open_named_camera(name, stall_s=self._limits.stall_s)
                    source = None if camera is not None else open_source(name)
                except SkerryError as error:
                    self._fail(Failure(source=shown_name(name), error=error))
                    continue
                if camera is not None:
                    self._watch(camera, shown_name(name))
                elif source is not None:
                    with closing(source):
                        self._run_source(source, self._bar.add_task(name, total=len(source) or None))
        self._report.close()
        return len(self._failed)

    def _watch(self, camera: Source, name: str) -> None:
        """Look at a camera's newest picture again and again, so that a slow detector does not fall behind."""
        task = self._bar.add_task(name, total=self._limits.frames)
        capture = LiveCapture(
            _items(camera),
            max_fps=None,
            captured_s=lambda item: item.at_s if isinstance(item, Frame) else None,
            is_whole=lambda item: isinstance(item, Frame),
            interrupt=camera.close,
        )
        with suppress(KeyboardInterrupt), closing(capture):
            try:
                self._run_camera(capture, task)
            except (SourceError, MissingError) as error:
                self._fail(Failure(source=name, error=error))

    def _run_camera(self, capture: LiveCapture[Frame | Failure], task: TaskID) -> None:
        shown = 0
        while shown != self._limits.frames:
            captured = capture.take(_WAIT_S)
            if captured is not None and isinstance(captured.item, Frame):
                shown += 1
                self._run_frame(captured.item, captured.took_ms, None)
                self._bar.advance(task)

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


def _items(camera: Source) -> Generator[Frame | Failure, None, None]:
    with closing(camera):
        yield from camera.frames()


def _timed(source: Source) -> Iterator[tuple[Frame | Failure, float]]:
    """Yield the source's items, each with the milliseconds that reading and decoding it took."""
    items = source.frames()
    while True:
        start = time.perf_counter()
        item = next(items, None)
        if item is None:
            return
        yield item, (time.perf_counter() - start) * 1e3

"""One pipeline run without broker and parent: what it sees goes to a page instead."""

from __future__ import annotations

import contextlib
import socket
import threading
from contextlib import closing

from msgspec.structs import replace

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.config.sources import ImagesSource, VideoSource
from skerry_edge.agent.line.line_buffer import LineBuffer
from skerry_edge.agent.line.link import Link
from skerry_edge.agent.line.protocol import MAX_LINE_BYTES, Counts, Finding, SourceState, decode_report
from skerry_edge.agent.pipelines.detection import BEAT_S, SOURCE_LOST
from skerry_edge.agent.pipelines.watcher import Watcher
from skerry_edge.agent.preview.drawing import preview_jpeg
from skerry_edge.agent.sources.scenes import open_capture
from skerry_edge.agent.watching.pictures import View
from skerry_edge.vision.capture import EndOfSourceError
from skerry_edge.vision.detections import no_detections
from skerry_edge.vision.detector import Detector
from skerry_edge.vision.frames import Frame

MAX_FPS = 12.0
STILLS_FPS = 1.0


def rehearsed(config: DetectionPipeline) -> DetectionPipeline:
    """Return the pipeline as it is shown: files begin anew at their end, and play at the pace at which one can look."""
    source = config.source
    if isinstance(source, ImagesSource):
        return replace(config, source=replace(source, loop=True, max_fps=min(source.max_fps or STILLS_FPS, MAX_FPS)))
    max_fps = min(source.max_fps or MAX_FPS, MAX_FPS)
    if isinstance(source, VideoSource):
        return replace(config, source=replace(source, loop=True, policy="live", max_fps=max_fps))
    return replace(config, source=replace(source, max_fps=max_fps))


class Rehearsal:
    """Runs in a thread from `start` to `stop`; the rest may be read from any thread.

    The pipeline's own code runs, and says what it says to a parent; here that is kept for the page. ``trouble`` is why
    there is no picture, ``error`` what ended the pipeline.
    """

    def __init__(self, config: DetectionPipeline, detector: Detector) -> None:
        self._config = rehearsed(config)
        self._detector = detector
        self._labels = detector.manifest.labels
        self._ours, theirs = socket.socketpair()
        self._link = Link(theirs)
        self._theirs = theirs
        self._changed = threading.Condition()
        self._jpeg: bytes | None = None
        self._number = 0
        self.trouble: str | None = "waiting for the first picture"
        self.counts: Counts | None = None
        self.events = 0
        self.error: Exception | None = None
        self._listener = threading.Thread(target=self._listen, name="preview-reports", daemon=True)
        self._thread = threading.Thread(target=self._run, name="preview-pipeline", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._listener.start()
        self._thread.start()

    def stop(self) -> None:
        """End; a source that hangs is left behind."""
        self._link.stop.set()
        self._thread.join(2.0)
        with self._changed:
            self._changed.notify_all()
        for line in (self._ours, self._theirs):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    @property
    def is_over(self) -> bool:
        """Whether there will be no more pictures."""
        return self._link.stop.is_set()

    def picture(self, after: int, timeout_s: float) -> tuple[int, bytes] | None:
        """Return the number and the JPEG of a picture newer than number ``after``, None within ``timeout_s``."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > after or self.is_over, timeout_s)
            if self._jpeg is None or self._number <= after:
                return None
            return self._number, self._jpeg

    def _run(self) -> None:
        try:
            self._look()
        except Exception as error:  # noqa: BLE001  # the thread's outermost loop: what ended it is the caller's to raise
            self.error = error
        finally:
            self._link.stop.set()
            with self._changed:
                self._changed.notify_all()

    def _look(self) -> None:
        watcher = Watcher(self._config, self._link, self._detector)
        with closing(
            open_capture(self._config.source, self._link, when_lost=lambda: watcher.end(SOURCE_LOST))
        ) as capture:
            while not self._link.stop.is_set():
                try:
                    captured = capture.take(BEAT_S)
                except EndOfSourceError:
                    return
                if captured is None:
                    continue
                watcher.look(captured, {})
                item = captured.item.item
                if isinstance(item, Frame):
                    self._show(watcher.newest, item)

    def _show(self, seen: View | None, frame: Frame) -> None:
        # What the motion gate kept from the network has nothing in it that is tracked.
        if seen is None or seen.pixels is not frame.pixels:
            seen = View(pixels=frame.pixels, detections=no_detections(), tracks=())
        jpeg = preview_jpeg(seen, self._config, self._labels)
        with self._changed:
            self._number += 1
            self._jpeg = jpeg
            self.trouble = None
            self._changed.notify_all()

    def _listen(self) -> None:
        lines = LineBuffer()
        with contextlib.suppress(OSError):  # closed by `stop`
            while piece := self._ours.recv(MAX_LINE_BYTES):
                for line in lines.feed(piece):
                    report = decode_report(line)
                    if isinstance(report, SourceState):
                        self.trouble = report.reason
                    elif isinstance(report, Counts):
                        self.counts = report
                    elif isinstance(report, Finding) and report.kind == "system":
                        self.trouble = report.message
                    elif isinstance(report, Finding):
                        self.events += 1

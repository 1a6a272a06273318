"""Pictures for the detection pipeline: the configured source under its capture policy."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.agent.config.sources import CameraSource, FileVisionSource, LiveVisionSource, VideoSource, VisionSource
from skerry_edge.agent.line.link import Link
from skerry_edge.agent.sources.cameras import open_camera
from skerry_edge.agent.sources.health import SourceHealth
from skerry_edge.agent.sources.standstill import FrozenPicture
from skerry_edge.agent.sources.tended import TendedCapture
from skerry_edge.foundation.source_error import SourceError
from skerry_edge.vision.capture import Capture, Captured, FileCapture, LiveCapture
from skerry_edge.vision.frames import Failure, Frame, Source
from skerry_edge.vision.stills import StillSource, folder_source
from skerry_edge.vision.video import VideoSource as VideoFile

MAX_DAMAGED = 100
"""After this many damaged pictures with no whole one between, a camera has failed."""
_ANSWER_S = 60.0
"""Beyond its own time limits, what a camera may take for looking up a name or letting go of a device."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """A frame, or the failure in its place; ``time_s`` rises through all rounds of a video, and is None elsewhere."""

    item: Frame | Failure
    time_s: float | None


def open_capture(source: VisionSource, link: Link, *, when_lost: Callable[[], None]) -> Capture[Scene]:
    """Begin to read a source under its policy.

    What opening a file raises comes with the first `take`. A camera is opened again whenever it fails: the parent is
    told through ``link``, and ``when_lost`` is called.
    """
    if isinstance(source, CameraSource):
        return _tended(source, link, when_lost)
    if source.policy == "live":
        return LiveCapture(_file_scenes(source), due_s=_due_s, max_fps=source.max_fps)
    return FileCapture(_file_scenes(source), max_fps=source.max_fps)


def _due_s(scene: Scene) -> float:
    return scene.time_s or 0.0


def _file_scenes(source: FileVisionSource) -> Generator[Scene, None, None]:
    """Yield every round of a source. Raises a failure's error when a round gave no frame: another would not either."""
    begin_s = 0.0
    while True:
        opened = _open_file(source)
        step_s = 0.0 if isinstance(opened, StillSource) else 1.0 / opened.rate_hz
        end_s, frames, failure = begin_s, 0, None
        with closing(opened):
            for item in opened.frames():
                if isinstance(item, Failure):
                    failure = item
                    at_s = end_s
                else:
                    frames += 1
                    at_s = begin_s + item.time_s
                    end_s = max(end_s, at_s + step_s)
                yield Scene(item=item, time_s=at_s if step_s else None)
        if failure is not None and not frames:
            raise failure.error
        if not source.loop:
            return
        begin_s = end_s


def _open_file(source: FileVisionSource) -> StillSource | VideoFile:
    if isinstance(source, VideoSource):
        return VideoFile(source.path)
    path = Path(source.path)
    return folder_source(path) if path.is_dir() else StillSource([source.path])


def _tended(source: LiveVisionSource, link: Link, when_lost: Callable[[], None]) -> TendedCapture[Scene]:
    health = SourceHealth(link, stalled="source-error", still="source-frozen")
    frozen = FrozenPicture(source.frozen_s)
    text = f"the camera has repeated one picture for {source.frozen_s:g} s; look at what it shows, and restart it"

    def look(captured: Captured[Scene]) -> None:
        if isinstance(captured.item.item, Frame):
            health.delivered()
            health.judged(text, is_still=frozen.judge(captured.item.item.pixels, captured.at_s))

    return TendedCapture(
        lambda: _camera_capture(source),
        health,
        look=look,
        when_lost=when_lost,
        answer_s=source.stall_s + _ANSWER_S,
    )


def _camera_capture(source: LiveVisionSource) -> LiveCapture[Scene]:
    opened: list[Source] = []

    def interrupt() -> None:
        for camera in opened:
            camera.close()

    return LiveCapture(
        _camera_scenes(source, opened),
        max_fps=source.max_fps,
        captured_s=lambda scene: scene.item.at_s if isinstance(scene.item, Frame) else None,
        is_whole=lambda scene: isinstance(scene.item, Frame),
        interrupt=interrupt,
    )


def _camera_scenes(source: LiveVisionSource, opened: list[Source]) -> Generator[Scene, None, None]:
    """Yield what a camera gives until it fails; the camera is added to ``opened``.

    Raises SourceError, MissingError, and what `open_camera` raises.
    """
    damaged = 0
    with closing(open_camera(source)) as camera:
        opened.append(camera)
        for item in camera.frames():
            yield Scene(item=item, time_s=None)
            damaged = damaged + 1 if isinstance(item, Failure) else 0
            if isinstance(item, Failure) and damaged >= MAX_DAMAGED:
                found = f"{damaged} in a row: {item.error}"
                raise SourceError("failed", "the camera gives damaged pictures only", where=item.source, found=found)

"""Pictures for the detection pipeline: the configured source, round after round, under its capture policy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.agent.capture import Capture, FileCapture, LiveCapture
from skerry_edge.agent.config.sources import ImagesSource, VideoSource
from skerry_edge.vision.frames import Failure, Frame
from skerry_edge.vision.stills import StillSource, folder_source
from skerry_edge.vision.video import VideoSource as VideoFile


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """A frame, or the failure in its place; ``time_s`` rises through all rounds of a video, and is None for stills."""

    item: Frame | Failure
    time_s: float | None


def open_capture(source: ImagesSource | VideoSource) -> Capture[Scene]:
    """Begin to read a source under its policy. What opening it raises comes with the first `take`."""
    if source.policy == "live":
        return LiveCapture(_scenes(source), due_s=_due_s, max_fps=source.max_fps)
    return FileCapture(_scenes(source), max_fps=source.max_fps)


def _due_s(scene: Scene) -> float:
    return scene.time_s or 0.0


def _scenes(source: ImagesSource | VideoSource) -> Iterator[Scene]:
    """Yield every round of a source. Raises a failure's error when a round gave no frame: another would not either."""
    begin_s = 0.0
    while True:
        opened = _open(source)
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


def _open(source: ImagesSource | VideoSource) -> StillSource | VideoFile:
    if isinstance(source, VideoSource):
        return VideoFile(source.path)
    path = Path(source.path)
    return folder_source(path) if path.is_dir() else StillSource([source.path])

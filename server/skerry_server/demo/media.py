"""The demo's own media: a rendered video of moving discs, and the check of a file that somebody brings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_edge.foundation.errors import DataError, MissingError, ReachError
from skerry_edge.foundation.extras import install_hint

WIDTH, HEIGHT, FPS, SECONDS = 480, 360, 10, 12
RED, BLUE = (40, 40, 215), (215, 60, 40)
GREEN, GREY, SAND = (60, 150, 70), (120, 120, 120), (120, 170, 190)
SEED = 7
_CODEC = "MJPG"
"""Motion JPEG: OpenCV's wheel writes it everywhere, and no other program is needed to read it."""

Frame = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class _Disc:
    """A disc that crosses the picture once, from ``enter_s`` to ``leave_s``; outside it is not seen.

    Coming and going is what makes it an event each time: an object that stays is reported once.
    """

    colour: tuple[int, int, int]
    radius_px: int
    enter_s: float
    leave_s: float
    height_share: float
    swing_px: float

    def draw(self, frame: Frame, now_s: float) -> None:
        if not self.enter_s <= now_s <= self.leave_s:
            return
        way = (now_s - self.enter_s) / (self.leave_s - self.enter_s)
        x = round(-self.radius_px + way * (WIDTH + 2 * self.radius_px))
        y = round(self.height_share * HEIGHT + self.swing_px * math.sin(2 * math.pi * way))
        cv2.circle(frame, (x, y), self.radius_px, self.colour, -1, cv2.LINE_AA)


_DISCS = (
    _Disc(colour=RED, radius_px=46, enter_s=0.5, leave_s=5.5, height_share=0.35, swing_px=40),
    _Disc(colour=BLUE, radius_px=56, enter_s=3.0, leave_s=8.5, height_share=0.68, swing_px=-30),
    _Disc(colour=RED, radius_px=60, enter_s=7.5, leave_s=11.5, height_share=0.4, swing_px=25),
    # Distractors: round as well, of colours that the model does not look for.
    _Disc(colour=GREEN, radius_px=40, enter_s=1.0, leave_s=7.0, height_share=0.8, swing_px=10),
    _Disc(colour=GREY, radius_px=36, enter_s=5.0, leave_s=11.0, height_share=0.2, swing_px=15),
)


def frame_at(now_s: float) -> Frame:
    """Return the picture at ``now_s`` seconds: 480x360 BGR, discs over a sky, a sea and a rock with a tower."""
    frame = _scene()
    for disc in _DISCS:
        disc.draw(frame, now_s)
    noise = np.random.default_rng(SEED + round(now_s * FPS)).normal(0.0, 4.0, frame.shape)
    return np.clip(frame + noise, 0, 255).astype(np.uint8)


def render_video(path: Path) -> None:
    """Write the demo's video to ``path`` (AVI). Raises ReachError."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*_CODEC), FPS, (WIDTH, HEIGHT))
    if not writer.isOpened():
        raise ReachError("cannot write the demo's video", where=str(path))
    for number in range(SECONDS * FPS):
        writer.write(frame_at(number / FPS))
    writer.release()


def bundled_audio() -> Path:
    """Return the clip in which a synthetic voice says "Alexa"."""
    return Path(str(files("skerry_server.demo") / "data" / "alexa.wav"))


def check_video(path: Path) -> None:
    """Raise DataError unless a first picture can be read from ``path``."""
    capture = cv2.VideoCapture(str(path))
    is_read, _ = capture.read()
    capture.release()
    if not is_read:
        raise DataError("this is no video that can be read", where=str(path))


def check_audio(path: Path) -> None:
    """Raise DataError unless ``path`` is a recording, and MissingError without the package that reads it."""
    try:
        import soundfile  # noqa: PLC0415  # from the extra `wakeword`
    except ImportError as error:
        raise MissingError("reading audio needs the package 'soundfile'", todo=install_hint("demo")) from error
    try:
        soundfile.info(str(path))
    except (RuntimeError, OSError) as error:
        raise DataError("this is no audio that can be read", where=str(path), found=str(error)) from error


def _scene() -> Frame:
    horizon = round(0.62 * HEIGHT)
    frame = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    sky = np.linspace(0.0, 1.0, horizon)[:, None, None]
    frame[:horizon] = (150, 140, 130) * (1 - sky) + (190, 185, 180) * sky
    frame[horizon:] = (90, 85, 60)
    cv2.ellipse(frame, (360, horizon + 12), (70, 26), 0, 180, 360, GREY, -1)
    cv2.rectangle(frame, (350, horizon - 70), (370, horizon), SAND, -1)
    return frame

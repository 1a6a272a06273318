"""What detectors look at while they are timed: a frame made from a seed, or pictures, decoded and held in memory."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from skerry_edge.bench.speed.result import Input
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.vision.images import Pixels, read_image

_SIZE = re.compile(r"(?P<width>[1-9]\d{0,4})x(?P<height>[1-9]\d{0,4})")
_MOST_PIXELS = 1 << 26
_SOFTNESS_PX = 3
MOST_PICTURES = 32
"""Pictures of a labelled folder that are looked at in turn: some 90 MB of photographs with 1280x720 pixels."""
_MOST_BYTES = 1 << 28
"""Larger photographs are fewer: a small board holds them all in memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameSource:
    """Pictures by their files, or else a frame of ``width`` x ``height`` pixels made from ``seed``."""

    pictures: tuple[Path, ...] = ()
    width: int = 1280
    height: int = 720
    seed: int = 0

    @classmethod
    def parse(cls, text: str) -> FrameSource:
        """Read `--frame`: WIDTHxHEIGHT, or a picture's path. Raises ConfigError for what is neither."""
        match = _SIZE.fullmatch(text)
        if match is None:
            if not Path(text).is_file():
                todo = "give WIDTHxHEIGHT, such as 1280x720, or the path of a picture"
                raise ConfigError("this is neither a size nor a picture", where="--frame", found=f"'{text}'", todo=todo)
            return cls(pictures=(Path(text),))
        width, height = int(match["width"]), int(match["height"])
        if width * height > _MOST_PIXELS:
            raise ConfigError("the frame is too large", where="--frame", found=text, todo="at most 64 megapixels")
        return cls(width=width, height=height)

    def read(self) -> list[Pixels]:
        """Return the frames, at most 256 MB of them and at least one.

        Raises ReachError and ImageError for a picture that cannot be read.
        """
        if not self.pictures:
            return [synthetic_frame(self.width, self.height, self.seed)]
        frames: list[Pixels] = []
        for path in self.pictures:
            frame = read_image(path)
            if frames and frame.nbytes + sum(one.nbytes for one in frames) > _MOST_BYTES:
                break
            frames.append(frame)
        return frames

    def described(self) -> Input:
        """Return what a result records of the frames. Raises as `read`."""
        frames, digest = self.read(), hashlib.sha256()
        for frame in frames:
            digest.update(repr(frame.shape).encode() + frame.tobytes())
        height, width = frames[0].shape[:2]
        return Input(
            source=self._name(),
            pictures=len(frames),
            width_px=width,
            height_px=height,
            sha256=digest.hexdigest(),
        )

    def _name(self) -> str:
        if not self.pictures:
            return f"soft noise from seed {self.seed}"
        return str(self.pictures[0] if len(self.pictures) == 1 else self.pictures[0].parent)


def synthetic_frame(width: int, height: int, seed: int) -> Pixels:
    """Return noise as soft as a photograph, uint8 (height, width, 3) BGR."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), _SOFTNESS_PX), np.uint8)

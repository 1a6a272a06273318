"""Frames of a video as calibration data: spread evenly over it, each at a random place in its stretch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from skerry_converters.calibration.items import CalibrationError, Item, Progress, Sample, rank
from skerry_converters.calibration.similarity import fingerprint
from skerry_edge.foundation.file_hash import file_sha256
from skerry_edge.vision.frames import Failure, Frame
from skerry_edge.vision.video import VideoSource


class FrameSource:
    """One video file. It is decoded in order each time it is read, since seeking is not exact in every format."""

    kind = "video"

    def __init__(self, path: Path) -> None:
        """Raise VideoError where the file does not open."""
        self._path = path
        with closing(VideoSource(str(path))) as video:
            self._declared = len(video)

    def survey(self, limit: int, seed: int, progress: Progress) -> tuple[tuple[Item, ...], int]:
        """Decode the video to its end. Raises VideoError where it breaks off."""
        count = self._declared or sum(1 for _ in self._frames())
        chosen = set(spread(count, limit, seed))
        digest = file_sha256(self._path)
        items: list[Item] = []
        seen = 0
        for frame in self._frames():
            if frame.index in chosen:
                progress(len(items), len(chosen))
                items.append(
                    Item(
                        name=self._path.name,
                        index=frame.index,
                        file_sha256=digest,
                        content_sha256=hashlib.sha256(frame.pixels.tobytes()).hexdigest(),
                        fingerprint=fingerprint(frame.pixels),
                    )
                )
            seen += 1
        return tuple(items), seen

    def read(self, items: Sequence[Item]) -> Iterator[Sample]:
        """Yield the frames, and stop decoding after the last of them."""
        wanted = {item.index: item for item in items}
        for frame in self._frames():
            item = wanted.pop(frame.index, None)
            if item is not None:
                yield Sample(item=item, value=frame.pixels)
            if not wanted:
                return
        raise CalibrationError("the video changed while it was used", where=str(self._path), todo="start again")

    def _frames(self) -> Iterator[Frame]:
        with closing(VideoSource(str(self._path))) as video:
            for frame in video.frames():
                if isinstance(frame, Failure):
                    raise frame.error
                yield frame


def spread(count: int, limit: int, seed: int) -> list[int]:
    """Return at most ``limit`` of the indices 0 to ``count`` - 1, rising, one from each of as many equal stretches."""
    stretches = min(limit, count)
    starts = [place * count // stretches for place in range(stretches)]
    ends = [*starts[1:], count]
    return [
        start + int.from_bytes(rank(seed, str(place)), "big") % (end - start)
        for place, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]

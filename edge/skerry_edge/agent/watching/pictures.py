"""The pictures that leave the device: what must not be recognised is blurred, then boxes are drawn on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.config.vision import PrivacyConfig
from skerry_edge.agent.watching.sieve import label_of
from skerry_edge.contracts.snapshots import MAX_SNAPSHOT_BYTES
from skerry_edge.vision.detections import Detections
from skerry_edge.vision.draw import DrawnBox, class_colour
from skerry_edge.vision.images import Pixels
from skerry_edge.vision.privacy import Corners, blur_inside, blur_outside
from skerry_edge.vision.snapshot import snapshot_jpeg
from skerry_edge.vision.tracking.tracker import Track


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """A picture that the network has seen, uint8 (height, width, 3) BGR, all that it found, and what is tracked."""

    pixels: Pixels
    detections: Detections
    tracks: Sequence[Track]


class Darkroom:
    """Makes the pictures of one pipeline, whose model has ``labels``."""

    def __init__(self, config: DetectionPipeline, labels: tuple[str, ...]) -> None:
        self._privacy = config.privacy
        self._labels = labels

    def jpeg(self, view: View) -> bytes:
        """Return a view as a JPEG that a message may carry, with the objects in sight drawn."""
        pixels = view.pixels if self._privacy is None else self._private(view, self._privacy)
        return snapshot_jpeg(pixels, drawn_boxes(view, self._labels), max_bytes=MAX_SNAPSHOT_BYTES)

    def _private(self, view: View, privacy: PrivacyConfig) -> Pixels:
        """Return the blurred picture.

        In doubt more is blurred: outside, only what counts as an object stays sharp; inside, whatever the network took
        for one is blurred, and where an object was last that it did not find this time.
        """
        named = privacy.labels
        tracks = [one for one in view.tracks if not named or label_of(one.class_id, self._labels) in named]
        if privacy.blur == "outside":
            return blur_outside(view.pixels, [corners_of(one, view) for one in tracks if one.is_in_sight])
        rows = zip(view.detections.boxes_px.tolist(), view.detections.class_ids.tolist(), strict=True)
        found = [tuple(box) for box, class_id in rows if not named or label_of(class_id, self._labels) in named]
        return blur_inside(view.pixels, [*found, *(corners_of(one, view) for one in tracks)])


class Snapshots:
    """The pictures that events take along: where the configuration wants them, and not too often."""

    def __init__(self, config: DetectionPipeline, darkroom: Darkroom) -> None:
        self._is_wanted = config.snapshot
        self._interval_s = config.snapshot_interval_s
        self._darkroom = darkroom
        self._next_s = float("-inf")

    def take(self, view: View, now_s: float) -> bytes | None:
        """Return a JPEG of ``view``, seen at ``now_s``, or None where it is not wanted or comes too soon."""
        if not self._is_wanted or now_s < self._next_s:
            return None
        self._next_s = now_s + self._interval_s
        return self._darkroom.jpeg(view)


def drawn_boxes(view: View, labels: tuple[str, ...]) -> list[DrawnBox]:
    """Return the objects in sight as boxes to draw, the best score last, on top."""
    in_sight = sorted((one for one in view.tracks if one.is_in_sight), key=lambda one: one.box.score)
    return [
        DrawnBox(
            box_px=corners_of(one, view),
            text=f"{label_of(one.class_id, labels)} {one.box.score:.0%}",
            colour=class_colour(one.class_id),
        )
        for one in in_sight
    ]


def corners_of(track: Track, view: View) -> Corners:
    """Return where an object was last, in pixels of the picture."""
    height, width = view.pixels.shape[:2]
    x_min, y_min, x_max, y_max = (np.array(track.box.edges) * (width, height, width, height)).tolist()
    return x_min, y_min, x_max, y_max

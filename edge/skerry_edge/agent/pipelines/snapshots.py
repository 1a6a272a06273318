"""When an event takes its picture along: where the configuration asks for it, and not too often."""

from __future__ import annotations

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.contracts.snapshots import MAX_SNAPSHOT_BYTES
from skerry_edge.vision.detections import Detections
from skerry_edge.vision.images import Pixels
from skerry_edge.vision.snapshot import snapshot_jpeg


class Snapshots:
    """Makes the snapshots of one pipeline, at most one every ``snapshot_interval_s``."""

    def __init__(self, config: DetectionPipeline) -> None:
        self._is_wanted = config.snapshot
        self._interval_s = config.snapshot_interval_s
        self._next_s = float("-inf")

    def take(self, pixels: Pixels, detections: Detections, labels: tuple[str, ...], now_s: float) -> bytes | None:
        """Return a JPEG of ``pixels`` with all boxes drawn, or None where it is not wanted or comes too soon.

        ``now_s`` is the time of the picture on the monotonic clock.
        """
        if not self._is_wanted or now_s < self._next_s:
            return None
        self._next_s = now_s + self._interval_s
        return snapshot_jpeg(pixels, detections, labels, max_bytes=MAX_SNAPSHOT_BYTES)

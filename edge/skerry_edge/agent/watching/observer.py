"""Looks at pictures as a detection pipeline is configured to: gate, network, sieve, tracker, storyteller."""

from __future__ import annotations

from dataclasses import dataclass

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.line.protocol import Counts
from skerry_edge.agent.watching.census import Census
from skerry_edge.agent.watching.pictures import View
from skerry_edge.agent.watching.sieve import Sieve, label_of
from skerry_edge.agent.watching.story import Storyteller, Told
from skerry_edge.contracts.manifest import Manifest
from skerry_edge.vision.detector import Detector
from skerry_edge.vision.geometry import Size
from skerry_edge.vision.images import Pixels
from skerry_edge.vision.motion_gate import GateRules, MotionGate
from skerry_edge.vision.tracking.tracker import Rules, Tracker


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """What one picture showed: the news, the counts where they changed, and the network's times (STAGES)."""

    view: View
    told: list[Told]
    counts: Counts | None
    timing_ms: dict[str, float]


def score_threshold_of(config: DetectionPipeline, manifest: Manifest) -> float:
    """Return the score that every object must have: the configuration's, or else the model's own."""
    if config.score_threshold is not None:
        return config.score_threshold
    # A model whose output has no such threshold is no detector, and refused when it is opened.
    return float(getattr(manifest.output, "score_threshold", 0.0))


class Observer:
    """Follows what happens before one camera. ``detector`` reports scores from `lowest_score` on. Not thread-safe."""

    def __init__(self, config: DetectionPipeline, detector: Detector) -> None:
        manifest = detector.manifest
        self._detector = detector
        self._gate = _gate(config)
        self._sieve = Sieve(config, manifest.labels, score_threshold_of(config, manifest))
        tracking = config.tracking
        self._tracker = Tracker(Rules(min_iou=tracking.min_iou, lost_after_s=tracking.lost_after_s))
        self._storyteller = Storyteller(config, lambda class_id: label_of(class_id, manifest.labels))
        self._census = Census(config)
        self._now_s = float("-inf")

    def is_worth_a_look(self, pixels: Pixels, now_s: float) -> bool:
        """Tell whether the network should see this picture: always, unless there is a gate and nothing moves."""
        if self._gate is None:
            return True
        # A change that has begun to last is followed to its end, so that what was told last is true.
        is_busy = bool(self._tracker.tracks) or not self._census.is_settled
        return self._gate.lets_through(pixels, self._later(now_s), is_tracking=is_busy)

    def look(self, pixels: Pixels, *, now_s: float, ts_ms: int) -> Observation:
        """Detect, track and tell; ``now_s`` is when the picture was taken, ``ts_ms`` the same in Unix milliseconds.

        Raises ImageError and BackendError as `Detector.detect`; then it is as if the picture had not been.
        """
        result = self._detector.detect(pixels)
        now_s = self._later(now_s)
        height, width = pixels.shape[:2]
        tracks = self._tracker.update(self._sieve.keep(result.detections, Size(width, height)), now_s)
        told = self._storyteller.follow(tracks, now_s=now_s, ts_ms=ts_ms)
        return Observation(
            view=View(pixels=pixels, detections=result.detections, tracks=tracks),
            told=told,
            counts=self._census.count(self._storyteller.present, now_s),
            timing_ms=result.timing_ms,
        )

    def end(self) -> tuple[list[Told], Counts | None]:
        """Forget every object that is there; return their ends, and the counts where those change by it."""
        self._tracker.forget()
        return self._storyteller.end_all(), self._census.clear()

    def _later(self, now_s: float) -> float:
        """Return ``now_s``, or the latest time so far: a file's times may jump back, an object's life may not."""
        self._now_s = max(self._now_s, now_s)
        return self._now_s


def _gate(config: DetectionPipeline) -> MotionGate | None:
    motion = config.motion
    if motion is None:
        return None
    return MotionGate(
        GateRules(
            min_area=motion.min_area,
            min_difference=motion.min_difference,
            open_s=motion.open_s,
            look_every_s=motion.look_every_s,
            masks=[mask.points for mask in config.masks],
        )
    )

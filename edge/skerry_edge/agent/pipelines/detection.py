"""The detection pipeline: pictures in, objects out."""

from __future__ import annotations

import time
from contextlib import closing

import numpy as np

from skerry_edge.agent.capture import Capture, Captured, EndOfSourceError
from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.link import Link
from skerry_edge.agent.pipelines.faults import Faults
from skerry_edge.agent.pipelines.scenes import Scene, open_capture
from skerry_edge.agent.pipelines.snapshots import Snapshots
from skerry_edge.agent.rules import AppearanceRule, Sighting
from skerry_edge.backends.base import BackendError, BackendOptions
from skerry_edge.contracts.manifest import ImageInput
from skerry_edge.foundation.errors import MissingError
from skerry_edge.models.catalogue import resolve_model
from skerry_edge.vision.detections import Detections
from skerry_edge.vision.detector import DetectionResult, Detector
from skerry_edge.vision.errors import ImageError
from skerry_edge.vision.frames import Failure, Frame

BEAT_S = 0.2


def run(config: DetectionPipeline, link: Link) -> None:
    """Look at the source until told to stop, or to its end.

    Raises what opening model and source raises; BackendError when inferences keep failing.
    """
    detector, second_choice = open_detector(config)
    with closing(detector):
        _warm_up(detector)
        manifest = detector.manifest
        link.ready(
            model=manifest.name,
            model_version=manifest.version,
            backend=detector.backend_name,
            second_choice=second_choice,
        )
        with closing(open_capture(config.source)) as capture:
            _watch(capture, Watcher(config, link, detector), link)


def _watch(capture: Capture[Scene], watcher: Watcher, link: Link) -> None:
    while not link.stop.is_set():
        try:
            captured = capture.take(BEAT_S)
        except EndOfSourceError:
            return
        if captured is None:
            link.progress(drops=capture.drops())
        else:
            watcher.look(captured, capture.drops())


def open_detector(config: DetectionPipeline) -> tuple[Detector, str | None]:
    """Open the model on the first of the configured backends that can run it, and say why it is not the first.

    Raises MissingError where none can, and what `Detector.open` raises.
    """
    path = resolve_model(config.model)
    reasons: list[str] = []
    for backend in config.backends or (None,):
        try:
            detector = Detector.open(
                path,
                variant=config.variant,
                backend=backend,
                options=BackendOptions(threads=config.threads),
                score_threshold=config.score_threshold,
            )
        except MissingError as error:
            reasons.append(str(error))
            continue
        return detector, "; ".join(reasons) or None
    raise MissingError("none of the backends can run the model", where=config.model, found="; ".join(reasons))


def _warm_up(detector: Detector) -> None:
    """Run once on a grey picture, so that a model that loads and does not run is found out before it is trusted."""
    image = detector.manifest.input
    assert isinstance(image, ImageInput)  # noqa: S101  # Detector.open refuses any other
    detector.detect(np.full((image.height, image.width, 3), 127, np.uint8))


class Watcher:
    """Looks at one scene after the other and reports what appears in them."""

    def __init__(self, config: DetectionPipeline, link: Link, detector: Detector) -> None:
        self._link = link
        self._detector = detector
        self._rule = AppearanceRule(config.hold_s)
        self._faults = Faults(link)
        self._snapshots = Snapshots(config)

    def look(self, captured: Captured[Scene], drops: dict[str, int]) -> None:
        """Detect and report. Raises BackendError when inferences keep failing."""
        item = captured.item.item
        if isinstance(item, Failure):
            self._faults.report("source-error", item.error)
            return
        try:
            result = self._detector.detect(item.pixels)
        except BackendError as error:
            self._faults.report("inference-error", error)
            return
        except ImageError as error:
            self._faults.report("source-error", error)
            return
        self._faults.inferred()
        self._report(captured, item, result)
        stages_ms = {
            "capture": captured.took_ms,
            **result.timing_ms,
            "end_to_end": (time.monotonic() - captured.at_s) * 1e3,
        }
        self._link.progress(frames=1, drops=drops, stages_ms=stages_ms)

    def _report(self, captured: Captured[Scene], frame: Frame, result: DetectionResult) -> None:
        place_s = captured.item.time_s
        labels = self._detector.manifest.labels
        sightings = sightings_of(result.detections, labels, frame)
        appeared = self._rule.judge(sightings, captured.at_s if place_s is None else place_s)
        # Taken here: making a snapshot for the first is no part of deciding on the second.
        latency_ms = (time.monotonic() - captured.at_s) * 1e3
        for one in appeared:
            self._link.find(
                "detection",
                one.label,
                ts_ms=captured.ts_ms,
                score=one.score,
                box=one.box,
                latency_ms=latency_ms,
                snapshot=self._snapshots.take(frame.pixels, result.detections, labels, captured.at_s),
            )


def sightings_of(detections: Detections, labels: tuple[str, ...], frame: Frame) -> list[Sighting]:
    """Name the detections and give their boxes as shares of the picture."""
    height, width = frame.pixels.shape[:2]
    shares = np.clip(detections.boxes_px / (width, height, width, height), 0.0, 1.0).round(4)
    return [
        Sighting(
            label=labels[int(class_id)] or f"class-{class_id}",
            score=min(1.0, max(0.0, float(score))),
            box=(float(box[0]), float(box[1]), float(box[2]), float(box[3])),
        )
        for box, score, class_id in zip(shares, detections.scores, detections.class_ids, strict=True)
    ]

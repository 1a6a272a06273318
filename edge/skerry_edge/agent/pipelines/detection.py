"""The detection pipeline: pictures in, objects out."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from contextlib import closing

import numpy as np

from skerry_edge.agent.config.areas import label_problem
from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.line.link import Link, name_of
from skerry_edge.agent.line.protocol import Finding, Picture, TakeSnapshot
from skerry_edge.agent.pipelines.faults import Faults
from skerry_edge.agent.sources.scenes import Scene, open_capture
from skerry_edge.agent.watching.observer import Observer, score_threshold_of
from skerry_edge.agent.watching.pictures import Darkroom, Snapshots, View
from skerry_edge.agent.watching.sieve import lowest_score
from skerry_edge.agent.watching.story import Told
from skerry_edge.backends.base import BackendError, BackendOptions
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import ImageInput
from skerry_edge.models.catalogue import resolve_model
from skerry_edge.vision.capture import Capture, Captured, EndOfSourceError
from skerry_edge.vision.detector import Detector
from skerry_edge.vision.errors import ImageError
from skerry_edge.vision.frames import Failure

BEAT_S = 0.2
DROPPED_NO_MOTION = "no-motion"
"""Nothing moved, so the network did not see the picture."""
STOPPED = "the pipeline was stopped"
SOURCE_ENDED = "its source came to its end"
SOURCE_LOST = "its source failed, so nothing is known of it any more"


def run(config: DetectionPipeline, link: Link) -> None:
    """Look at the source until told to stop, or to its end.

    Raises what opening model and source raises; BackendError when inferences keep failing.
    """
    link.reached("model")
    # The parent names one backend at most, and tries the next in a child of its own.
    with closing(open_detector(config, next(iter(config.backends), None))) as detector:
        link.reached("first-inference")
        warm_up(detector)
        manifest = detector.manifest
        link.ready(model=manifest.name, model_version=manifest.version, backend=detector.backend_name)
        watcher = Watcher(config, link, detector)
        with closing(open_capture(config.source, link, when_lost=lambda: watcher.end(SOURCE_LOST))) as capture:
            watcher.end(_watch(capture, watcher, link))


def _watch(capture: Capture[Scene], watcher: Watcher, link: Link) -> str:
    """Look until there is nothing more to see, and return the reason."""
    while not link.stop.is_set():
        for order in link.orders():
            if isinstance(order, TakeSnapshot):
                link.report(watcher.picture(order))
        try:
            captured = capture.take(BEAT_S)
        except EndOfSourceError:
            return SOURCE_ENDED
        if captured is None:
            link.progress(drops=capture.drops())
        else:
            watcher.look(captured, capture.drops())
    return STOPPED


def open_detector(config: DetectionPipeline, backend: str | None) -> Detector:
    """Open the model on ``backend``, None where the model chooses.

    Raises ConfigError for a label that the model does not know, and what `Detector.open` raises.
    """
    path = resolve_model(config.model)
    manifest = Bundle.open(path).manifest
    problem = label_problem(config, manifest.labels)
    if problem is not None:
        raise problem[1]
    least = lowest_score(config, score_threshold_of(config, manifest))
    return Detector.open(
        path,
        variant=config.variant,
        backend=backend,
        options=BackendOptions(threads=config.threads),
        score_threshold=least,
    )


def warm_up(detector: Detector) -> None:
    """Run once on a grey picture, so that a model that loads and does not run is found out before it is trusted.

    Raises BackendError.
    """
    image = detector.manifest.input
    assert isinstance(image, ImageInput)  # noqa: S101  # Detector.open refuses any other
    detector.detect(np.full((image.height, image.width, 3), 127, np.uint8))


class Watcher:
    """Looks at one scene after the other and reports what happens in them.

    The tracks of this watcher have names of their own among all that the device ever reports.
    """

    def __init__(self, config: DetectionPipeline, link: Link, detector: Detector) -> None:
        self._config = config
        self._link = link
        self._observer = Observer(config, detector)
        self._faults = Faults(link)
        self._darkroom = Darkroom(config, detector.manifest.labels)
        self._snapshots = Snapshots(config, self._darkroom)
        self.newest: View | None = None
        """The newest picture that the network has seen."""
        self._series = secrets.token_hex(4)

    def look(self, captured: Captured[Scene], drops: dict[str, int]) -> None:
        """Detect and report. Raises BackendError when inferences keep failing."""
        item = captured.item.item
        if isinstance(item, Failure):
            self._faults.report("source-error", item.error)
            return
        now_s = captured.at_s if captured.item.time_s is None else captured.item.time_s
        try:
            if not self._observer.is_worth_a_look(item.pixels, now_s):
                self._link.progress(drops={**drops, DROPPED_NO_MOTION: 1})
                return
            seen = self._observer.look(item.pixels, now_s=now_s, ts_ms=captured.ts_ms)
        except BackendError as error:
            self._faults.report("inference-error", error)
            return
        except ImageError as error:
            self._faults.report("source-error", error)
            return
        self._faults.inferred()
        self.newest = seen.view
        self._report(seen.told, seen.view, captured)
        if seen.counts is not None:
            self._link.report(seen.counts)
        stages_ms = {
            "capture": captured.took_ms,
            **seen.timing_ms,
            "end_to_end": (time.monotonic() - captured.at_s) * 1e3,
        }
        self._link.progress(frames=1, drops=drops, stages_ms=stages_ms)

    def picture(self, order: TakeSnapshot) -> Picture:
        """Return the newest picture that the network has seen, or why there is none."""
        if not self._config.snapshot:
            return Picture(order=order.order, reason="pictures may not leave this pipeline: its 'snapshot' is false")
        if self.newest is None:
            return Picture(order=order.order, reason="the pipeline has seen no picture yet")
        return Picture(order=order.order, jpeg=self._darkroom.jpeg(self.newest))

    def end(self, reason: str) -> None:
        """Report the end of every object that is there."""
        ends, counts = self._observer.end()
        for told in ends:
            self._link.report(self._finding(told, message=reason))
        if counts is not None:
            self._link.report(counts)

    def _report(self, news: Sequence[Told], view: View, captured: Captured[Scene]) -> None:
        # Taken here: making a snapshot for the first is no part of deciding on the second.
        latency_ms = round((time.monotonic() - captured.at_s) * 1e3, 3)
        for told in news:
            if told.phase == "end":
                self._link.report(self._finding(told))
                continue
            snapshot = self._snapshots.take(view, captured.at_s) if told.is_good_look else None
            self._link.report(self._finding(told, latency_ms=latency_ms, snapshot=snapshot))

    def _finding(
        self,
        told: Told,
        *,
        latency_ms: float | None = None,
        snapshot: bytes | None = None,
        message: str | None = None,
    ) -> Finding:
        return Finding(
            kind="detection",
            label=name_of(told.label),
            ts=told.ts_ms,
            decided_ns=time.monotonic_ns(),
            score=told.after.score,
            box=told.after.box,
            phase=told.phase,
            latency_ms=latency_ms,
            message=message,
            snapshot=snapshot,
            track=f"{self._series}-{told.track}",
            began=told.began_ms,
            zones=told.after.zones,
            before=told.before,
        )

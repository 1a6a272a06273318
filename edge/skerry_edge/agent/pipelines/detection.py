"""The detection pipeline: pictures in, objects out."""

from __future__ import annotations

from contextlib import closing

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.line.link import Link
from skerry_edge.agent.line.protocol import LeavePictures, TakeSnapshot
from skerry_edge.agent.pipelines.detector import open_detector, prove, warm_up
from skerry_edge.agent.pipelines.watcher import Watcher
from skerry_edge.agent.sources.scenes import Scene, open_capture
from skerry_edge.models.catalogue import resolve_model
from skerry_edge.vision.capture import Capture, EndOfSourceError

BEAT_S = 0.2
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
        prove(detector, resolve_model(config.model))
        manifest = detector.manifest
        link.ready(model=manifest.name, model_version=manifest.version, backend=detector.backend_name)
        watcher = Watcher(config, link, detector)
        with closing(open_capture(config.source, link, when_lost=lambda: watcher.end(SOURCE_LOST))) as capture:
            watcher.end(_watch(capture, watcher, link))
            link.progress(drops=capture.drops())


def _watch(capture: Capture[Scene], watcher: Watcher, link: Link) -> str:
    """Look until there is nothing more to see, and return the reason."""
    while not link.stop.is_set():
        for order in link.orders():
            if isinstance(order, TakeSnapshot):
                link.report(watcher.picture(order))
            elif isinstance(order, LeavePictures):
                watcher.leave_pictures(order)
        try:
            captured = capture.take(BEAT_S)
        except EndOfSourceError:
            return SOURCE_ENDED
        if captured is None:
            link.progress(drops=capture.drops())
        else:
            watcher.look(captured, capture.drops())
    return STOPPED

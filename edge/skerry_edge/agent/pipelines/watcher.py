"""Looks at one scene after the other and reports what happens in them."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.line.link import Link, name_of
from skerry_edge.agent.line.protocol import Finding, LeavePictures, Picture, TakeSnapshot
from skerry_edge.agent.pipelines.faults import FaultLabel, Faults
from skerry_edge.agent.sources.scenes import Scene
from skerry_edge.agent.watching.album import Album
from skerry_edge.agent.watching.observer import Observer
from skerry_edge.agent.watching.pictures import Darkroom, Snapshots, View
from skerry_edge.agent.watching.story import Told
from skerry_edge.backends.base import BackendError
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.vision.capture import Captured
from skerry_edge.vision.detector import Detector
from skerry_edge.vision.errors import ImageError
from skerry_edge.vision.frames import Failure

_log = logging.getLogger(__name__)
DROPPED_NO_MOTION = "no-motion"
"""Nothing moved, so the network did not see the picture."""


class Watcher:
    """The eye of one pipeline, from its first picture to its last.

    The tracks of this watcher have names of their own among all that the device ever reports.
    """

    def __init__(self, config: DetectionPipeline, link: Link, detector: Detector) -> None:
        self._config = config
        self._link = link
        self._observer = Observer(config, detector)
        self._faults = Faults(link)
        self._darkroom = Darkroom(config, detector.manifest.labels)
        self._snapshots = Snapshots(config, self._darkroom)
        self._album = Album()
        self.newest: View | None = None
        """The newest picture that the network has seen."""
        self._series = secrets.token_hex(4)

    def look(self, captured: Captured[Scene], drops: dict[str, int]) -> None:
        """Detect and report. Raises BackendError when inferences keep failing."""
        item = captured.item.item
        if isinstance(item, Failure):
            self._fail("source-error", item.error, drops)
            return
        now_s = captured.at_s if captured.item.time_s is None else captured.item.time_s
        try:
            if not self._observer.is_worth_a_look(item.pixels, now_s):
                self._link.progress(drops={**drops, DROPPED_NO_MOTION: 1})
                return
            seen = self._observer.look(item.pixels, now_s=now_s, ts_ms=captured.ts_ms)
        except BackendError as error:
            self._fail("inference-error", error, drops)
            return
        except ImageError as error:
            self._fail("source-error", error, drops)
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
        # Last, so that nothing of this picture waits for it.
        self._album.show(seen.view, captured.at_s)

    def picture(self, order: TakeSnapshot) -> Picture:
        """Return the newest picture that the network has seen, or why there is none."""
        if not self._config.snapshot:
            return Picture(order=order.order, reason="pictures may not leave this pipeline: its 'snapshot' is false")
        if self.newest is None:
            return Picture(order=order.order, reason="the pipeline has seen no picture yet")
        return Picture(order=order.order, jpeg=self._darkroom.jpeg(self.newest))

    def leave_pictures(self, order: LeavePictures) -> None:
        """Leave the newest pictures on the device's disk, where the agent asks for them to try a new model on."""
        try:
            self._album.leave(Path(order.folder))
        except OSError as error:
            _log.warning("pictures to try a new model on cannot be left in %s: %s", order.folder, error.strerror)

    def end(self, reason: str) -> None:
        """Report the end of every object that is there."""
        ends, counts = self._observer.end()
        for told in ends:
            self._link.report(self._finding(told, message=reason))
        if counts is not None:
            self._link.report(counts)

    def _fail(self, label: FaultLabel, error: SkerryError, drops: dict[str, int]) -> None:
        """Report a failure, which ends the pipeline where it is one too many, and what was dropped before it."""
        if drops:
            self._link.progress(drops=drops)
        self._faults.report(label, error)

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

"""Listening to sources one after the other, and telling the parent what was heard."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Protocol

from skerry_edge.agent.config.pipelines import WakeWordPipeline
from skerry_edge.agent.config.sources import AudioFileSource
from skerry_edge.agent.line.link import Link
from skerry_edge.agent.pipelines.beat import Beat
from skerry_edge.agent.pipelines.faults import Faults
from skerry_edge.agent.pipelines.muting import Muting
from skerry_edge.audio.decision import Detection
from skerry_edge.audio.pcm import CHUNK_SAMPLES, SAMPLE_RATE_HZ, AudioSource, LossySource, Pcm
from skerry_edge.backends.base import BackendError
from skerry_edge.foundation.errors import DataError, ReachError
from skerry_edge.foundation.wall_clock import unix_ms

BEHIND = "behind"
"""Chunks of a live source that were dropped for newer ones, or spoken while there was no source."""
LIVE_PIECE_SAMPLES = SAMPLE_RATE_HZ * 60 // 1000
"""A recording that is played live comes in pieces as a microphone's sound does (`arecord`)."""


class Listener(Protocol):
    """What listens: `WakeWordListener`."""

    @property
    def heard_s(self) -> float:
        """The seconds of sound since the stream began."""
        ...

    def process(self, pcm: Pcm) -> list[Detection]:
        """Listen to the next samples."""
        ...

    def finish(self, *, where: str) -> list[Detection]:
        """End a recording."""
        ...

    def restart(self) -> None:
        """Begin a new stream."""
        ...


class Listening:
    """Feeds sources to the listener and reports what it hears."""

    def __init__(self, config: WakeWordPipeline, link: Link, listener: Listener) -> None:
        self._link = link
        self._listener = listener
        self._faults = Faults(link)
        self._muting = Muting(link)
        self._beat = Beat(link, deadline_s=config.progress_deadline_s)
        self._is_paced = isinstance(config.source, AudioFileSource) and config.source.policy == "live"
        self._is_stale = False
        """Whether what the listener remembers does not belong to the sound that comes next."""

    @property
    def is_muted(self) -> bool:
        """Whether what comes is neither kept nor judged."""
        return self._muting.is_muted

    def hear_all(self, sources: list[AudioSource]) -> None:
        """Hear each source as a stream of its own. Raises the last one's error where all of them failed."""
        failures = 0
        for source in sources:
            if self._link.stop.is_set():
                return
            try:
                self._hear(source)
            except (DataError, ReachError) as error:
                failures += 1
                self._faults.report("source-error", error)
                if failures == len(sources):
                    raise
            finally:
                self._is_stale = True

    def _hear(self, source: AudioSource) -> None:
        gaps = Gaps(source)
        with closing(source):
            for pcm in _pieces(source, self._link, paced=self._is_paced):
                if self._link.stop.is_set():
                    return
                if self._muting.holds_for(len(pcm)):
                    self._is_stale = True
                    self._beat.add(frames=1, unjudged=1)
                else:
                    self._judge(pcm, gaps.take())
        if not self._is_stale:
            self._tell(self._listener.finish(where=source.name), time.monotonic())
        self._beat.send()

    def _judge(self, pcm: Pcm, lost: int) -> None:
        began_s = time.monotonic()
        if lost:
            self._beat.add(drops={BEHIND: lost})
        if self._is_stale or lost:
            self._listener.restart()
            self._is_stale = False
        try:
            detections = self._listener.process(pcm)
        except BackendError as error:
            self._is_stale = True
            self._faults.report("inference-error", error)
            return
        self._faults.inferred()
        self._tell(detections, began_s)
        elapsed_ms = (time.monotonic() - began_s) * 1e3
        self._beat.add(frames=1, stages_ms={"inference": elapsed_ms, "end_to_end": elapsed_ms})

    def _tell(self, detections: list[Detection], arrived_s: float) -> None:
        """Report words; the newest sound came at ``arrived_s``, and what decided may have come before it."""
        for one in detections:
            captured_s = arrived_s - (self._listener.heard_s - one.time_s)
            age_s = time.monotonic() - captured_s
            self._link.find(
                "wakeword",
                one.word,
                ts_ms=unix_ms(ago_s=age_s),
                score=min(1.0, max(0.0, one.score)),
                latency_ms=age_s * 1e3,
            )


class Gaps:
    """Counts the chunks that a source lost: what follows them is another stream."""

    def __init__(self, source: AudioSource) -> None:
        self._source = source
        self._lost = 0

    def take(self) -> int:
        """Return the chunks that were lost since the last call, the begun one included."""
        if not isinstance(self._source, LossySource):
            return 0
        lost = -(-self._source.dropped_samples // CHUNK_SAMPLES)
        self._lost, new = lost, lost - self._lost
        return new


def _pieces(source: AudioSource, link: Link, *, paced: bool) -> Iterator[Pcm]:
    """Yield the source in pieces of at most 0.1 s; paced, shorter ones, each when it would have been spoken."""
    began_s = time.monotonic()
    samples = 0
    size = LIVE_PIECE_SAMPLES if paced else CHUNK_SAMPLES
    for block in source:
        for start in range(0, len(block), size):
            piece = block[start : start + size]
            samples += len(piece)
            early_s = began_s + samples / SAMPLE_RATE_HZ - time.monotonic()
            if paced and early_s > 0:
                link.stop.wait(early_s)
            yield piece

"""The wake-word pipeline: sound in, spoken words out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import closing

from skerry_edge.agent.config.pipelines import WakeWordPipeline
from skerry_edge.agent.config.sources import AudioFileSource, MicrophoneSource
from skerry_edge.agent.link import Link
from skerry_edge.agent.pipelines.faults import Faults
from skerry_edge.audio.microphone import MicrophoneSource as Microphone
from skerry_edge.audio.model import find_model
from skerry_edge.audio.pcm import CHUNK_SAMPLES, SAMPLE_RATE_HZ, AudioSource, Pcm
from skerry_edge.audio.sources import open_sources
from skerry_edge.audio.stdin import StdinSource
from skerry_edge.audio.wakeword import BACKEND, WakeWordListener
from skerry_edge.backends.base import BackendError
from skerry_edge.foundation.errors import DataError, ReachError

BEHIND = "behind"
"""Chunks that a microphone's source dropped because listening fell more than a second behind."""


def run(config: WakeWordPipeline, link: Link) -> None:
    """Listen until told to stop, or to the end of a source that does not loop.

    Raises what opening the model raises, and what ends a source: ReachError, MissingError, DataError where nothing
    of it could be heard.
    """
    model = find_model(config.model)
    with closing(WakeWordListener.open(config.model)) as listener:
        digest = hashlib.sha256(model.path.read_bytes()).hexdigest()
        link.ready(model=model.word, model_version=f"sha256:{digest[:12]}", backend=BACKEND)
        listening = Listening(config, link, listener)
        while not link.stop.is_set():
            listening.hear_all(_sources(config))
            if not (isinstance(config.source, AudioFileSource) and config.source.loop):
                return


def _sources(config: WakeWordPipeline) -> list[AudioSource]:
    # A source must give up before the parent does, so that the reason is its own.
    stall_s = config.progress_deadline_s / 2
    if isinstance(config.source, AudioFileSource):
        return open_sources(config.source.path)
    if isinstance(config.source, MicrophoneSource):
        return [Microphone(config.source.device, stall_s=stall_s)]
    return [StdinSource(stall_s=stall_s)]


class Listening:
    """Feeds sources to the listener and reports what it hears."""

    def __init__(self, config: WakeWordPipeline, link: Link, listener: WakeWordListener) -> None:
        self._link = link
        self._listener = listener
        self._faults = Faults(link)
        self._is_paced = isinstance(config.source, AudioFileSource) and config.source.policy == "live"
        self._is_fresh = True
        self._dropped = 0

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

    def _hear(self, source: AudioSource) -> None:
        if not self._is_fresh:
            self._listener.restart()
        self._is_fresh = False
        with closing(source):
            for pcm in _pieces(source, self._link, paced=self._is_paced):
                if self._link.stop.is_set():
                    return
                self._judge(pcm, source)
        self._listener.finish(where=source.name)

    def _judge(self, pcm: Pcm, source: AudioSource) -> None:
        began_s = time.monotonic()
        ts_ms = time.time_ns() // 1_000_000
        try:
            detections = self._listener.process(pcm)
        except BackendError as error:
            self._listener.restart()
            self._faults.report("inference-error", error)
            return
        self._faults.inferred()
        elapsed_ms = (time.monotonic() - began_s) * 1e3
        for one in detections:
            score = min(1.0, max(0.0, one.score))
            self._link.find("wakeword", one.word, ts_ms=ts_ms, score=score, latency_ms=elapsed_ms)
        self._link.progress(
            frames=1,
            drops=self._drops(source),
            stages_ms={"inference": elapsed_ms, "end_to_end": (time.monotonic() - began_s) * 1e3},
        )

    def _drops(self, source: AudioSource) -> dict[str, int]:
        if not isinstance(source, Microphone):
            return {}
        chunks = source.dropped_samples // CHUNK_SAMPLES - self._dropped
        self._dropped += chunks
        return {BEHIND: chunks} if chunks else {}


def _pieces(source: AudioSource, link: Link, *, paced: bool) -> Iterator[Pcm]:
    """Yield the source in pieces of at most 0.1 s; paced, each when it would have been spoken."""
    began_s = time.monotonic()
    samples = 0
    for block in source:
        for start in range(0, len(block), CHUNK_SAMPLES):
            piece = block[start : start + CHUNK_SAMPLES]
            samples += len(piece)
            early_s = began_s + samples / SAMPLE_RATE_HZ - time.monotonic()
            if paced and early_s > 0:
                link.stop.wait(early_s)
            yield piece

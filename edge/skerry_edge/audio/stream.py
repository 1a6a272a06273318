"""One stream of sound under several words that share one front end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing

from skerry_edge.audio.decision import Step
from skerry_edge.audio.features import FeatureStream, heard_s
from skerry_edge.audio.model import WakeWordModel
from skerry_edge.audio.network import open_network
from skerry_edge.audio.pcm import SAMPLE_RATE_HZ, Pcm
from skerry_edge.audio.track import Track
from skerry_edge.audio.voice import Passage, VoiceGate, VoiceModel
from skerry_edge.audio.word import Word
from skerry_edge.backends.base import BackendOptions
from skerry_edge.foundation.errors import DataError

ONE_THREAD = BackendOptions(threads=1)
"""One thread is fastest for models this small."""


class SoundStream:
    """The scores of one stream under each word: features, networks and means, all of them fresh.

    With ``voice``, a word has scores only where there is voice.
    """

    def __init__(
        self, words: Sequence[Word], *, voice: VoiceModel | None = None, backend: BackendOptions = ONE_THREAD
    ) -> None:
        """Load the networks. Raises ModelFileError, and MissingError without the `wakeword` extra."""
        self._front_end = FeatureStream()
        with ExitStack() as opening:
            self._tracks = [_track(word.model, word.rule.window, backend, opening) for word in words]
            self._quantizations = {track.quantization for track in self._tracks}
            self._gate = None
            if voice is not None:
                track = _track(voice.model, voice.window, backend, opening)
                self._gate = VoiceGate(track, voice, unit_rows=math.lcm(*(one.stride for one in self._tracks)))
            self._opened = opening.pop_all()
        self._samples = 0
        self._rows = 0
        self._shortest_rows = max(one.shortest_rows for one in self._tracks)

    @property
    def heard_s(self) -> float:
        """The seconds of sound so far."""
        return self._samples / SAMPLE_RATE_HZ

    def judge(self, pcm: Pcm) -> list[Step]:
        """Listen to the next samples, shape (n,), int16; return every word's new scores in the order of their places.

        Raises DataError for sound of another kind, BackendError.
        """
        rows = self._front_end.process(pcm)
        self._samples += len(pcm)
        self._rows += len(rows)
        passages: Iterable[Passage] = [Passage(rows=rows)] if self._gate is None else self._gate.admit(rows)
        steps = [step for passage in passages for step in self._scores(passage)]
        return sorted(steps, key=lambda step: step.time_s)

    def _scores(self, passage: Passage) -> Iterator[Step]:
        quantized = {one: one.apply(passage.rows) for one in self._quantizations}
        for track in self._tracks:
            track.skip(passage.skipped)
            for step in track.judge(quantized[track.quantization]):
                if step.time_s > passage.trusted_from_s:
                    yield step

    def finish(self, *, where: str) -> None:
        """End the stream. Raises DataError where it was too short to be judged, which is not "no wake word"."""
        if self._rows < self._shortest_rows:
            raise DataError(
                "the recording is too short to hear a word in",
                where=where,
                found=f"less than the {heard_s(self._shortest_rows):.2f} s that the first score needs",
            )

    def close(self) -> None:
        """Release the runtime's resources."""
        self._opened.close()


def _track(model: WakeWordModel, window: int, backend: BackendOptions, opening: ExitStack) -> Track:
    network = opening.enter_context(closing(open_network(model.path, backend, variant=model.variant)))
    return Track(network, word=model.word, window=window)

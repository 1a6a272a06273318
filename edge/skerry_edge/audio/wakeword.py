"""The wake-word detector: sound in, the words that were heard out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from skerry_edge.audio.contest import Contest
from skerry_edge.audio.decision import DEFAULT_REFRACTORY_S, Detection
from skerry_edge.audio.pcm import Pcm
from skerry_edge.audio.stream import ONE_THREAD, SoundStream
from skerry_edge.audio.voice import VoiceModel
from skerry_edge.audio.word import Word, check_words
from skerry_edge.backends.base import BackendOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class ListenOptions:
    """How to listen: after a word, no other one counts for ``refractory_s``; ``voice`` is the gate, if there is one."""

    refractory_s: float = DEFAULT_REFRACTORY_S
    voice: VoiceModel | None = None
    backend: BackendOptions = ONE_THREAD


DEFAULT_OPTIONS = ListenOptions()


class WakeWordListener:
    """Several words listening to one stream at a time: feed it sound in order, in chunks of any length."""

    def __init__(self, words: Sequence[Word], options: ListenOptions = DEFAULT_OPTIONS) -> None:
        """Load the models.

        Raises ConfigError for two words of one name, ModelFileError for a file that is no streaming model,
        MissingError where the `wakeword` extra is not installed.
        """
        check_words(words)
        self._words = words
        self._options = options
        self._stream, self._contest = self._begin()

    @property
    def heard_s(self) -> float:
        """The seconds of sound since the stream began."""
        return self._stream.heard_s

    def process(self, pcm: Pcm) -> list[Detection]:
        """Listen to the next samples, shape (n,), int16; return what was heard. Raises DataError and BackendError."""
        instants = groupby(self._stream.judge(pcm), key=lambda step: step.time_s)
        decided = [self._contest.judge(list(instant)) for _, instant in instants]
        decided.append(self._contest.lapse(self.heard_s))
        return [detection for detection in decided if detection is not None]

    def finish(self, *, where: str) -> list[Detection]:
        """End a recording, and return what was still to be decided.

        Raises DataError where it was too short to be judged, which is not "no wake word".
        """
        self._stream.finish(where=where)
        last = self._contest.close()
        return [] if last is None else [last]

    def restart(self) -> None:
        """Begin a new stream with no memory of the last one.

        It loads the models anew: resetting the variables of a used interpreter leaves state behind and gives
        wrong scores.
        """
        self._stream.close()
        self._stream, self._contest = self._begin()

    def close(self) -> None:
        """Release the runtime's resources."""
        self._stream.close()

    def _begin(self) -> tuple[SoundStream, Contest]:
        options = self._options
        stream = SoundStream(self._words, voice=options.voice, backend=options.backend)
        rules = {word.name: word.rule for word in self._words}
        return stream, Contest(rules, refractory_s=options.refractory_s)

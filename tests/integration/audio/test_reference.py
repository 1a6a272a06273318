"""The truth about wake words: pymicro-wakeword's own class hears the same sound, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from skerry_edge.audio.contest import CONTEST_S
from skerry_edge.audio.decision import Step
from skerry_edge.audio.manifest import builtin_manifests
from skerry_edge.audio.model import find_model
from skerry_edge.audio.recordings import RecordingSource, find_recordings
from skerry_edge.audio.stream import SoundStream
from skerry_edge.audio.wakeword import ListenOptions, WakeWordListener
from skerry_edge.audio.word import find_word
from skerry_edge.backends.base import BackendOptions
from skerry_edge.foundation.errors import DataError

Pcm = NDArray[np.int16]
STRIDE = 3
WORDS = ["alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"]


class Reference:
    """pymicro-wakeword as its own command line uses it, for one stream."""

    def __init__(self, word: str) -> None:
        package: Any = pytest.importorskip("pymicro_wakeword", reason="the extra 'wakeword' is not installed")
        self._features = package.MicroWakeWordFeatures()
        self._model = package.MicroWakeWord.from_config(builtin_manifests()[word])

    def scores(self, sound: Pcm) -> list[float]:
        """Return the score of every step; between two strides it says 0.0."""
        rows = [self._model.process_streaming_prob(row) for row in self._features.process_streaming(sound.tobytes())]
        return rows[STRIDE - 1 :: STRIDE]


def ours(word: str, sound: Pcm, *, plain: bool) -> list[Step]:
    stream = SoundStream([find_word(word)], backend=BackendOptions(threads=1, plain_kernels=plain))
    return [step for at in range(0, len(sound), 1000) for step in stream.judge(sound[at : at + 1000])]


def times_heard(word: str, sound: Pcm, *, plain: bool) -> int:
    options = ListenOptions(backend=BackendOptions(threads=1, plain_kernels=plain))
    listener = WakeWordListener([find_word(word)], options)
    return len(listener.process(sound)) + len(listener.finish(where="a recording"))


@pytest.fixture(scope="module")
def recordings(shared_data: Path) -> dict[str, Pcm]:
    """Every recording that decodes, by its name."""
    decoded = {}
    for path in find_recordings(shared_data / "wakeword"):
        try:
            decoded[f"{path.parent.name}/{path.name}"] = np.concatenate(list(RecordingSource(path)))
        except DataError:  # noqa: PERF203  # two files are damaged, which test_listen_command looks at
            continue
    assert len(decoded) == 96
    return decoded


def test_with_plain_kernels_not_one_score_differs(recordings: dict[str, Pcm]) -> None:
    for name, sound in recordings.items():
        assert [step.score for step in ours("alexa", sound, plain=True)] == Reference("alexa").scores(sound), name


@pytest.mark.parametrize("word", WORDS)
def test_nor_with_any_other_model_on_any_kind_of_sound(word: str, project_root: Path) -> None:
    clip = project_root / "server" / "skerry_server" / "demo" / "data" / "alexa.wav"
    speech = np.concatenate(list(RecordingSource(clip)))
    chance = np.random.default_rng(11)
    sounds = {
        "speech": speech,
        "speech, far too loud": np.clip(speech.astype(np.int32) * 12, -32768, 32767).astype(np.int16),
        "speech, far away": (speech // 64).astype(np.int16),
        "noise": chance.integers(-32768, 32768, 24_000).astype(np.int16),
        "silence": np.zeros(24_000, np.int16),
        "clicks": np.where(np.arange(24_000) % 4000 == 0, 32767, 0).astype(np.int16),
    }
    for name, sound in sounds.items():
        assert [step.score for step in ours(word, sound, plain=True)] == Reference(word).scores(sound), name


def test_with_xnnpack_scores_are_near_and_detections_the_same(recordings: dict[str, Pcm]) -> None:
    cutoff = find_model("alexa").cutoff
    largest = 0.0
    for name, sound in recordings.items():
        steps = ours("alexa", sound, plain=False)
        truth = Reference("alexa").scores(sound)
        largest = max(largest, float(np.abs(np.array([step.score for step in steps]) - truth).max()))
        assert any(step.score > cutoff for step in steps) == any(score > cutoff for score in truth), name
    assert largest <= 0.06


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "xnnpack"])
def test_of_forty_people_who_say_alexa_thirty_nine_are_heard_and_nobody_else(
    recordings: dict[str, Pcm], plain: bool
) -> None:
    heard = {name: times_heard("alexa", sound, plain=plain) for name, sound in recordings.items()}
    said = [count for name, count in heard.items() if name.startswith("alexa/")]
    other = [count for name, count in heard.items() if name.startswith("negative/")]
    assert (len(said), len(other)) == (40, 52)
    assert sum(count > 0 for count in said) >= 39
    assert max(said) == 1, "one utterance was counted twice"
    assert sum(other) == 0


def test_words_that_listen_at_once_score_to_the_last_bit_as_each_does_alone(recordings: dict[str, Pcm]) -> None:
    together: dict[str, list[float]] = {}
    alone: dict[str, list[float]] = {}
    for sound in list(recordings.values())[::4]:
        models = [find_word(word) for word in WORDS]
        for step in SoundStream(models).judge(sound):
            together.setdefault(step.word, []).append(step.score)
        for model in models:
            alone.setdefault(model.name, []).extend(step.score for step in SoundStream([model]).judge(sound))
    assert together == alone
    assert max(together["Alexa"]) > 0.9


def test_four_words_that_listen_at_once_hear_what_one_hears_alone(recordings: dict[str, Pcm]) -> None:
    for name, sound in recordings.items():
        alone = WakeWordListener([find_word("alexa")]).process(sound)
        together = WakeWordListener([find_word(word) for word in WORDS]).process(sound)
        assert [one.word for one in together] == [one.word for one in alone], name
        # Another word's score may rise for a moment, and is waited for.
        assert all(0.0 <= late.time_s - soon.time_s <= CONTEST_S for late, soon in zip(together, alone, strict=True))


def test_a_used_stream_is_not_begun_anew_by_more_sound(recordings: dict[str, Pcm]) -> None:
    first, second = (sound for name, sound in recordings.items() if name in ("alexa/0.flac", "alexa/105.flac"))
    stream = SoundStream([find_word("alexa")], backend=BackendOptions(threads=1, plain_kernels=True))
    stream.judge(first)
    continued = [step.score for step in stream.judge(second)]
    assert continued[: len(continued) // 2] != Reference("alexa").scores(second)[: len(continued) // 2]

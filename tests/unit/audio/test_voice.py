"""The voice gate: silence costs no network anything, and a word behind an opened gate scores as without one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from skerry_edge.audio.decision import Step
from skerry_edge.audio.model import find_model
from skerry_edge.audio.network import StreamingNetwork
from skerry_edge.audio.recordings import RecordingSource
from skerry_edge.audio.stream import SoundStream
from skerry_edge.audio.voice import LOOK_BACK_ROWS, find_voice
from skerry_edge.audio.wakeword import ListenOptions, WakeWordListener
from skerry_edge.audio.word import find_word
from skerry_edge.foundation.errors import ConfigError

Pcm = NDArray[np.int16]
Ear = Callable[[], dict[str, int]]
WORDS = ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu")


@pytest.fixture
def voice_file(tmp_path: Path) -> Path:
    """A voice model for tests, in the shape of ESPHome's: it takes "Alexa" for the only voice there is."""
    manifest = json.loads(find_model("alexa").path.with_suffix(".json").read_text())
    shutil.copy(find_model("alexa").path, tmp_path / "vad.tflite")
    (tmp_path / "vad.json").write_text(json.dumps({**manifest, "wake_word": "vad", "model": "vad.tflite"}))
    return tmp_path / "vad.json"


@pytest.fixture
def sound(clip: Path) -> Pcm:
    """Five seconds of quiet, then the demo's recording."""
    recording = np.concatenate(list(RecordingSource(clip)))
    return np.concatenate((np.zeros(5 * 16_000, np.int16), recording))


@pytest.fixture
def steps_made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows by one with every step that any network makes."""
    made: list[int] = []
    judge = StreamingNetwork.probability

    def counted(self: StreamingNetwork, features: NDArray[np.float64]) -> float:
        made.append(1)
        return judge(self, features)

    monkeypatch.setattr(StreamingNetwork, "probability", counted)
    return made


def steps_of(stream: SoundStream, sound: Pcm, chunk: int = 1600) -> list[Step]:
    return [step for at in range(0, len(sound), chunk) for step in stream.judge(sound[at : at + chunk])]


def test_behind_an_open_gate_every_score_is_the_one_without_a_gate(sound: Pcm, voice_file: Path) -> None:
    words = [find_word(name) for name in WORDS]
    gated = steps_of(SoundStream(words, voice=find_voice(str(voice_file), cutoff=0.5)), sound)
    free = {(step.word, step.time_s): step.score for step in steps_of(SoundStream(words), sound)}
    assert 0 < len(gated) < len(free) / 3
    assert [step.score for step in gated] == [free[step.word, step.time_s] for step in gated]


def test_what_was_said_before_the_gate_opened_is_judged(sound: Pcm, voice_file: Path) -> None:
    voice = find_voice(str(voice_file), cutoff=0.9)
    gated = steps_of(SoundStream([find_word("okay_nabu")], voice=voice), sound)
    opened_s = next(
        step.time_s for step in steps_of(SoundStream([find_word("alexa")]), sound) if step.score > voice.cutoff
    )
    assert gated[0].time_s == pytest.approx(opened_s - LOOK_BACK_ROWS * 0.01, abs=0.05)


@pytest.mark.parametrize("chunk", [37, 480, 1_000_000])
def test_the_cuts_between_chunks_do_not_show(sound: Pcm, voice_file: Path, chunk: int) -> None:
    words = [find_word("alexa")]
    voice = find_voice(str(voice_file), cutoff=0.5)
    assert steps_of(SoundStream(words, voice=voice), sound, chunk) == steps_of(SoundStream(words, voice=voice), sound)


def test_while_nobody_speaks_only_the_gate_s_own_network_works(voice_file: Path, steps_made: list[int]) -> None:
    quiet = np.zeros(10 * 16_000, np.int16)
    steps = steps_of(SoundStream([find_word(name) for name in WORDS], voice=find_voice(str(voice_file))), quiet)
    assert steps == []
    rows = (len(quiet) - 480) // 160 + 1
    assert len(steps_made) == rows // 3


def test_a_word_is_heard_once_through_the_gate(sound: Pcm, voice_file: Path) -> None:
    options = ListenOptions(voice=find_voice(str(voice_file), cutoff=0.5))
    listener = WakeWordListener([find_word("alexa"), find_word("okay_nabu")], options)
    (detection,) = [one for at in range(0, len(sound), 480) for one in listener.process(sound[at : at + 480])]
    assert detection.word == "Alexa"
    assert 7.9 < detection.time_s < 9.0


def test_the_gate_s_numbers_replace_the_manifest_s(voice_file: Path) -> None:
    assert find_voice(str(voice_file)).cutoff == 0.9
    voice = find_voice(str(voice_file), cutoff=0.3, window=2, hold_s=4.0)
    assert (voice.cutoff, voice.window, voice.hold_s) == (0.3, 2, 4.0)


def test_a_voice_model_is_no_word(voice_file: Path) -> None:
    with pytest.raises(ConfigError, match="hears any voice, no word"):
        find_word(str(voice_file))


def test_a_word_s_model_is_no_voice_gate() -> None:
    with pytest.raises(ConfigError, match="hears a word, not any voice"):
        find_voice("alexa")

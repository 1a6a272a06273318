"""The streaming detector: one stream, one state, and the right kind of model or none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from skerry_edge.audio.decision import Detection
from skerry_edge.audio.model import WakeWordModel, find_model
from skerry_edge.audio.recordings import RecordingSource
from skerry_edge.audio.stream import SoundStream
from skerry_edge.audio.wakeword import WakeWordListener
from skerry_edge.audio.word import find_word, word_of
from skerry_edge.backends.base import Array, BackendError, ModelFileError, TensorInfo
from skerry_edge.contracts.errors import BundleError
from skerry_edge.foundation.errors import ConfigError, DataError

Pcm = NDArray[np.int16]


@pytest.fixture
def sound(clip: Path) -> Pcm:
    """The demo's recording as samples."""
    return np.concatenate(list(RecordingSource(clip)))


def listen(*names: str) -> WakeWordListener:
    return WakeWordListener([find_word(name) for name in names])


def with_rule(*, cutoff: float | None = None, refractory_s: float = 1.0) -> WakeWordListener:
    return WakeWordListener([word_of(find_model("alexa"), cutoff=cutoff, refractory_s=refractory_s)])


def heard(listener: WakeWordListener, sound: Pcm, chunk: int = 1600) -> list[Detection]:
    return [one for at in range(0, len(sound), chunk) for one in listener.process(sound[at : at + chunk])]


def test_a_word_is_heard_once_where_it_was_said(sound: Pcm) -> None:
    (detection,) = heard(listen("alexa"), sound)
    assert detection.word == "Alexa"
    assert detection.score > 0.9
    # The sentence before it ends at 2.1 s; the word begins at 2.9 s.
    assert 2.9 < detection.time_s < 4.0


@pytest.mark.parametrize("chunk", [1, 37, 480, 8000, 1_000_000])
def test_the_cuts_between_chunks_do_not_show(sound: Pcm, chunk: int) -> None:
    part = sound[40_000:]
    assert heard(listen("alexa"), part, chunk) == heard(listen("alexa"), part)


@pytest.mark.parametrize("name", ["hey_jarvis", "hey_mycroft", "okay_nabu"])
def test_the_other_words_are_not_heard_in_it(sound: Pcm, name: str) -> None:
    assert heard(listen(name), sound) == []


def test_a_new_stream_remembers_nothing_of_the_last_one(sound: Pcm) -> None:
    listener = listen("alexa")
    first = heard(listener, sound)
    for interrupted_at in (60_000, 59_999):
        listener.restart()
        heard(listener, sound[:interrupted_at])
    listener.restart()
    assert heard(listener, sound) == first


def test_without_a_restart_a_stream_goes_on(sound: Pcm) -> None:
    listener = listen("alexa")
    first, second = heard(listener, np.concatenate((sound, sound)))
    assert second.time_s - first.time_s == pytest.approx(len(sound) / 16_000, abs=0.06)


def test_the_threshold_replaces_the_model_s_own(sound: Pcm) -> None:
    assert heard(with_rule(cutoff=1.0), sound) == []
    early = heard(with_rule(cutoff=0.2), sound)
    late = heard(listen("alexa"), sound)
    assert early[0].time_s < late[0].time_s


def test_the_refractory_time_decides_how_often_one_utterance_counts(sound: Pcm) -> None:
    assert len(heard(with_rule(refractory_s=0.0), sound)) > 3


def test_every_step_has_its_score_and_place(sound: Pcm) -> None:
    steps = SoundStream([find_word("alexa")]).judge(sound)
    rows = (len(sound) - 480) // 160 + 1
    assert len(steps) == rows // 3
    assert steps[0].time_s == pytest.approx(0.05)  # three windows of 30 ms, 10 ms apart
    assert np.diff([step.time_s for step in steps]) == pytest.approx(np.full(len(steps) - 1, 0.03))
    assert all(0.0 <= step.score <= 1.0 for step in steps)


def test_each_of_several_words_is_heard_where_it_was_said(sound: Pcm) -> None:
    (detection,) = heard(listen("hey_jarvis", "okay_nabu", "alexa", "hey_mycroft"), sound)
    assert detection.word == "Alexa"
    assert 2.9 < detection.time_s < 4.0


def test_two_words_that_sound_the_same_are_heard_once(sound: Pcm, tmp_path: Path) -> None:
    twin = manifest_for(tmp_path, find_model("alexa").path.read_bytes(), word="Alexia", cutoff=0.6)
    (detection,) = heard(listen("alexa", str(twin)), sound)
    assert detection.word in ("Alexa", "Alexia")


def test_two_words_of_one_name_are_refused_with_both_files(tmp_path: Path) -> None:
    twin = manifest_for(tmp_path, find_model("alexa").path.read_bytes(), word="ALEXA")
    with pytest.raises(ConfigError, match="same name") as caught:
        listen("alexa", str(twin))
    assert "alexa.tflite" in str(caught.value)
    assert str(tmp_path / "x.tflite") in str(caught.value)


def test_a_recording_too_short_to_be_judged_is_no_recording_without_the_word() -> None:
    listener = listen("alexa")
    enough = 480 + (3 * 5 - 1) * 160  # five strides of three rows
    listener.process(np.zeros(enough - 1, np.int16))
    with pytest.raises(DataError, match="too short") as caught:
        listener.finish(where="a.wav")
    assert caught.value.where == "a.wav"
    listener.process(np.zeros(1, np.int16))
    listener.finish(where="a.wav")


def test_sound_of_another_type_is_refused() -> None:
    with pytest.raises(DataError, match="16-bit"):
        listen("alexa").process(np.zeros(1600, np.float32))  # type: ignore[arg-type]


NO_MODEL = b"\x1c\x00\x00\x00TFL3" + bytes(100)


def manifest_for(folder: Path, model: bytes, *, word: str = "x", cutoff: float = 0.5) -> Path:
    micro = {"probability_cutoff": cutoff, "sliding_window_size": 2, "feature_step_size": 10}
    tree = {"type": "micro", "wake_word": word, "model": "x.tflite", "version": 2, "micro": micro}
    (folder / "x.json").write_text(json.dumps(tree))
    (folder / "x.tflite").write_bytes(model)
    return folder / "x.json"


@pytest.mark.parametrize("content", [b"", b"hello", bytes(1000), NO_MODEL], ids=lambda data: repr(data[:8]))
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ModelFileError) as caught:
        listen(str(manifest_for(tmp_path, content)))
    assert caught.value.where == str(tmp_path / "x.tflite")
    assert caught.value.exit_code == 4


def test_a_bundle_listens_as_the_model_that_it_was_made_of(tmp_path: Path, sound: Pcm, word_bundle) -> None:
    path = tmp_path / "a.skerry"
    path.write_bytes(word_bundle("2.1.0", cutoff=0.8))
    model = find_model(str(path))
    assert (model.word, model.cutoff, model.window) == ("Alexa", 0.8, 5)
    assert (model.name, model.version) == ("alexa", "2.1.0")
    assert [one.word for one in heard(WakeWordListener([word_of(model)]), sound)] == ["Alexa"]


def test_a_bundle_that_finds_objects_is_no_wake_word(discs: Path) -> None:
    with pytest.raises(ConfigError, match="no wake word's model"):
        find_model(str(discs))
    with pytest.raises(BundleError, match="no model bundle here"):
        find_model("alexa.skerry")


def test_a_truncated_model_is_refused(tmp_path: Path) -> None:
    whole = find_model("alexa").path.read_bytes()
    with pytest.raises(ModelFileError):
        listen(str(manifest_for(tmp_path, whole[: len(whole) // 2])))


def test_a_model_for_something_else_is_refused_with_its_tensors(shared_data: Path) -> None:
    for path in sorted((shared_data / "tflite").glob("*.tflite")):
        model = WakeWordModel(name="x", word="x", path=path, cutoff=0.5, window=2)
        with pytest.raises(ModelFileError, match="no streaming wake-word model") as caught:
            WakeWordListener([word_of(model)])
        assert "[1, stride, 40]" in (caught.value.found or "")


def test_an_unknown_model_is_wrong_usage() -> None:
    with pytest.raises(ConfigError):
        listen("alexxa")


def test_an_inference_that_fails_is_an_error_and_not_silence(
    monkeypatch: pytest.MonkeyPatch, noise: Pcm, failing_backend: Callable[..., object]
) -> None:
    monkeypatch.setattr("skerry_edge.audio.network.open_backend", failing_backend)
    with pytest.raises(BackendError):
        listen("alexa").process(noise)


@pytest.fixture
def failing_backend() -> Callable[..., object]:
    """Return a stand-in for `open_backend` whose model fails at every inference."""

    class Failing:
        inputs = (TensorInfo(name="in", shape=(1, 3, 40), dtype=np.dtype("int8"), scale=0.1, zero_point=-128),)
        outputs = (TensorInfo(name="out", shape=(1, 1), dtype=np.dtype("uint8"), scale=1 / 256, zero_point=0),)

        def infer(self, tensors: tuple[Array, ...]) -> tuple[Array, ...]:
            raise BackendError("inference failed")

        def close(self) -> None:
            """Nothing is held."""

    return lambda *_: Failing()

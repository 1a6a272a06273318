"""How pipelines run a model, as an update asks it: by which variant, from what, and whether all agree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.delivery import MqttConfig
from skerry_edge.agent.config.pipelines import DetectionPipeline, PipelineConfig, WakeWordPipeline
from skerry_edge.agent.config.sources import ImagesSource, MicrophoneSource
from skerry_edge.agent.config.words import VoiceConfig, WordConfig
from skerry_edge.agent.downlink.configuration import Configuration
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.agent.updates.uses import use_of, use_of_all
from skerry_edge.audio.model import find_model
from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.ota.model_store import Kept, ModelStore

Configure = Callable[..., Configuration]
EAR = WakeWordPipeline(name="ear", words=(WordConfig(model="alexa"),), source=MicrophoneSource())
GATE = DetectionPipeline(name="gate", model="discs", source=ImagesSource(path="/pictures"))


@pytest.fixture
def configured(tmp_path: Path) -> Configure:
    """Return a function that gives what is in force where a device runs these pipelines."""

    def make(*pipelines: PipelineConfig) -> Configuration:
        config = AgentConfig(
            site="garden",
            device="cam-1",
            board="generic-x86",
            mqtt=MqttConfig(url="mqtt://broker"),
            state_dir=str(tmp_path),
            pipelines=pipelines,
        )
        return Configuration(config, files=StateFiles(tmp_path), tell=lambda *_: None, apply=lambda _config: None)

    return make


def committed(folder: Path, name: str, data: bytes, variant: str) -> Path:
    """Put a proved release into the store, and return its file."""
    store, sha256 = ModelStore(folder, name), "c" * 64
    file = folder / "brought.skerry"
    file.write_bytes(data)
    store.take_in(file, Kept(sha256=sha256, version="2.0.0", counter=2, variant=variant))
    store.switch_to(sha256)
    store.prove(sha256, None)
    return store.bundle(sha256)


def test_a_wake_word_of_the_wheel_takes_the_streaming_variant(configured: Configure, word_bundle) -> None:
    (user,) = configured(EAR).users("alexa")
    use = use_of(user)
    assert (user.name, user.key) == ("ear", "words[0].model")
    assert (use.task, use.variant, use.backend, Path(use.present).name) == (
        "wakeword",
        "tflite-int8",
        "litert",
        "alexa.json",
    )


def test_a_release_of_a_word_is_run_in_its_place_and_goes_on_as_its_own_variant(
    configured: Configure, word_bundle, tmp_path: Path
) -> None:
    released = committed(tmp_path, "alexa", word_bundle("2.0.0", variant="tflite-other"), "tflite-other")
    both = replace(EAR, words=(WordConfig(model="okay_nabu"), WordConfig(model="alexa", cutoff=0.7)))
    configuration = configured(both)
    (ear,) = configuration.in_force.pipelines
    assert [word.model for word in ear.words] == ["okay_nabu", str(released)]
    assert ear.words[1].cutoff == 0.7
    (user,) = configuration.users("alexa")
    assert (user.key, use_of(user).variant) == ("words[1].model", "tflite-other")
    assert (user.own, use_of(user).own_version) == ("alexa", find_model("alexa").version)
    other = user.with_bundle(Path("/elsewhere.skerry"))
    assert [word.model for word in other.words] == ["okay_nabu", "/elsewhere.skerry"]


def test_words_brought_to_the_device_and_voice_gates_have_releases_and_files_elsewhere_have_none(
    configured: Configure, tmp_path: Path
) -> None:
    brought = tmp_path / "models" / "computer.json"
    words = (WordConfig(model=str(brought)), WordConfig(model="/etc/skerry/house.json"), WordConfig(model="alexa"))
    voice = VoiceConfig(model=str(tmp_path / "models" / "vad.skerry"))
    configuration = configured(replace(EAR, words=words, voice=voice))
    assert configuration.released_names == ["alexa", "computer", "vad"]
    assert [user.key for user in configuration.users("vad")] == ["voice.model"]
    assert configuration.users("house") == []


def test_pipelines_that_need_different_variants_of_a_model_are_named_with_theirs(
    configured: Configure, discs: Path, tmp_path: Path
) -> None:
    (tmp_path / "models").mkdir()
    model = tmp_path / "models" / "discs.skerry"
    model.write_bytes(discs.read_bytes())
    exact, small = (
        replace(GATE, name=name, model=str(model), variant=variant)
        for name, variant in (("gate", "onnx-fp32"), ("yard", "tflite-fp32"))
    )
    with pytest.raises(ReleaseError) as caught:
        use_of_all(configured(exact, small).users("discs"))
    assert caught.value.reason == "variants"
    assert caught.value.found == "gate (model) takes onnx-fp32, yard (model) takes tflite-fp32"
    use = use_of_all(configured(exact).users("discs"))
    assert (use.variant, use.own_version) == ("onnx-fp32", "1.0.0")

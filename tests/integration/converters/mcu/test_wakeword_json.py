"""microWakeWord's JSON, read back by the wake-word runtime, and models that ESPHome would not take."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from skerry_converters.mcu.artifacts import make_mcu
from skerry_converters.mcu.wakeword import WakeWord, wakeword_json
from skerry_converters.tflite_file.model import TfliteModel
from skerry_converters.tflite_file.reader import read_tflite
from skerry_edge.audio.manifest import builtin_manifests
from skerry_edge.audio.model import load_model
from skerry_edge.foundation.errors import ConfigError

ALEXA = WakeWord(
    word="Alexa", author="Somebody", website="https://example.invalid/", languages=("en",), cutoff=0.9, window=5
)


@pytest.mark.usefixtures("tflm")
def test_the_files_are_a_wake_word_that_the_runtime_loads(wake_words: dict[str, Path], tmp_path: Path) -> None:
    artifacts = make_mcu(wake_words["alexa"].read_bytes(), "alexa", wake_word=ALEXA)
    for name, content in artifacts.files.items():
        (tmp_path / name).write_bytes(content)

    model = load_model(tmp_path / "alexa.json")

    assert (model.word, model.cutoff, model.window) == ("Alexa", 0.9, 5)
    assert model.path.read_bytes() == wake_words["alexa"].read_bytes()
    assert json.loads(artifacts.files["alexa.json"])["micro"]["tensor_arena_size"] >= artifacts.arena.total_bytes


@pytest.mark.usefixtures("tflm")
@pytest.mark.parametrize("name", ["alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"])
def test_the_stated_arena_is_no_smaller_than_microwakewords_own(wake_words: dict[str, Path], name: str) -> None:
    artifacts = make_mcu(wake_words[name].read_bytes(), name, wake_word=ALEXA)

    theirs = json.loads(builtin_manifests()[name].read_text())["micro"]["tensor_arena_size"]
    assert json.loads(artifacts.files[f"{name}.json"])["micro"]["tensor_arena_size"] >= theirs


def test_the_keys_are_those_of_a_model_that_esphome_takes(wake_words: dict[str, Path]) -> None:
    ours = json.loads(wakeword_json(ALEXA, read_tflite(wake_words["alexa"]), "alexa.tflite", 20_000))
    theirs = json.loads(builtin_manifests()["alexa"].read_text())

    assert set(ours) == set(theirs)
    assert set(ours["micro"]) == set(theirs["micro"])
    assert ours["micro"]["feature_step_size"] == theirs["micro"]["feature_step_size"]


@pytest.mark.parametrize(
    "change", [{"author": ""}, {"website": ""}, {"languages": ()}, {"cutoff": 1.5}, {"window": 0}, {"word": ""}]
)
def test_what_esphome_would_refuse_is_refused_here(wake_words: dict[str, Path], change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        wakeword_json(dataclasses.replace(ALEXA, **change), read_tflite(wake_words["alexa"]), "alexa.tflite", 1)


def _changed(model: TfliteModel, **change: Any) -> TfliteModel:
    return dataclasses.replace(model, subgraphs=(dataclasses.replace(model.main, **change), *model.subgraphs[1:]))


def test_a_network_that_is_no_streaming_wake_word_is_refused(wake_words: dict[str, Path]) -> None:
    model = read_tflite(wake_words["alexa"])

    with pytest.raises(ConfigError, match="one INT8 input"):
        wakeword_json(ALEXA, _changed(model, outputs=model.main.inputs), "x.tflite", 1)


def test_an_operator_that_esphome_does_not_register_is_named(wake_words: dict[str, Path]) -> None:
    model = read_tflite(wake_words["alexa"])
    softmax = dataclasses.replace(model.main.operators[-1], name="SOFTMAX")

    with pytest.raises(ConfigError, match=r"lacks operators.*SOFTMAX"):
        wakeword_json(ALEXA, _changed(model, operators=(*model.main.operators, softmax)), "x.tflite", 1)


def test_too_many_variables_are_refused(wake_words: dict[str, Path]) -> None:
    model = read_tflite(wake_words["alexa"])
    handle = next(one for one in model.main.operators if one.name == "VAR_HANDLE")
    handles = tuple(
        dataclasses.replace(handle, options={"shared_name": f"state {n}", "container": ""}) for n in range(20)
    )

    with pytest.raises(ConfigError, match="26, ESPHome has room for 20"):
        wakeword_json(ALEXA, _changed(model, operators=(*model.main.operators, *handles)), "x.tflite", 1)

"""A wake-word pipeline's words: found, told apart, and what is wrong with one is named by its key."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from skerry_edge.agent.config.pipelines import WakeWordPipeline
from skerry_edge.agent.config.sources import StdinSource
from skerry_edge.agent.config.words import VoiceConfig, WordConfig
from skerry_edge.agent.pipelines.words import name_of, options_of, version_of, words_of
from skerry_edge.audio.model import find_model
from skerry_edge.foundation.errors import ConfigError, DataError, ReachError, SkerryError


def ear(*models: str | Path, voice: str | Path | None = None, **numbers: Any) -> WakeWordPipeline:
    words = tuple(WordConfig(model=str(model), **numbers) for model in models)
    gate = None if voice is None else VoiceConfig(model=str(voice))
    return WakeWordPipeline(name="ear", words=words, source=StdinSource(), refractory_s=2.0, voice=gate)


def manifest(folder: Path, *, name: str = "w", word: str = "Wanda", step_ms: int = 10, cutoff: float = 0.9) -> Path:
    micro = {"probability_cutoff": cutoff, "sliding_window_size": 5, "feature_step_size": step_ms}
    tree = {"type": "micro", "wake_word": word, "model": f"{name}.tflite", "version": 2, "micro": micro}
    (folder / f"{name}.json").write_text(json.dumps(tree))
    (folder / f"{name}.tflite").write_bytes(find_model("alexa").path.read_bytes())
    return folder / f"{name}.json"


def test_the_configuration_s_numbers_replace_the_manifest_s() -> None:
    own, changed = words_of(ear("alexa"))[0], words_of(ear("alexa", cutoff=0.5, window=3, refractory_s=0.0))[0]
    assert (own.rule.cutoff, own.rule.window, own.rule.refractory_s) == (0.9, 5, 1.0)
    assert (changed.rule.cutoff, changed.rule.window, changed.rule.refractory_s) == (0.5, 3, 0.0)


def test_words_and_gate_go_to_the_listener(tmp_path: Path) -> None:
    config = ear("alexa", manifest(tmp_path), voice=manifest(tmp_path, name="vad", word="vad", cutoff=0.4))
    assert [word.name for word in words_of(config)] == ["Alexa", "Wanda"]
    options = options_of(config)
    assert options.voice is not None
    assert (options.refractory_s, options.voice.cutoff, options.voice.hold_s) == (2.0, 0.4, 1.0)


def test_the_version_is_made_of_every_file_s_hash() -> None:
    words = words_of(ear("alexa", "okay_nabu"))
    first, second = (hashlib.sha256(word.model.path.read_bytes()).hexdigest()[:12] for word in words)
    assert version_of(words) == f"0-{first}+0-{second}"
    assert name_of(words) == "alexa+okay_nabu"


def wrong(folder: Path, case: str) -> WakeWordPipeline:
    vad = manifest(folder, name="vad", word="vad")
    other = manifest(folder)
    return {
        "unknown": ear("alexa", "alexxa"),
        "no manifest": ear("alexa", folder / "gone.json"),
        "no model file": ear("alexa", folder / "lonely.json"),
        "another front end": ear("alexa", manifest(folder, name="slow", step_ms=20)),
        "cut-off out of range": ear("alexa", manifest(folder, name="sure", cutoff=1.5)),
        "a gate for a word": ear("alexa", vad),
        "a word for a gate": ear("alexa", voice="okay_nabu"),
        "no gate": ear("alexa", voice=folder / "gone.json"),
        "two of a name": ear(other, manifest(folder, name="twin", word="WANDA")),
    }[case]


@pytest.mark.parametrize(
    ("case", "kind", "key", "told"),
    [
        ("unknown", ConfigError, "words[1].model", "did you mean 'alexa'"),
        ("no manifest", ReachError, "words[1].model", "gone.json"),
        ("no model file", DataError, "words[1].model", "lonely.json, key 'model'"),
        ("another front end", ConfigError, "words[1].model", "slow.json, key 'micro.feature_step_size'"),
        ("cut-off out of range", ConfigError, "words[1].model", "sure.json, key 'micro.probability_cutoff'"),
        ("a gate for a word", ConfigError, "words[1].model", "vad.json, key 'wake_word'"),
        ("a word for a gate", ConfigError, "voice.model", "okay_nabu.json, key 'wake_word'"),
        ("no gate", ReachError, "voice.model", "gone.json"),
        ("two of a name", ConfigError, "words", "two wake words have the same name"),
    ],
)
def test_what_is_wrong_is_named_with_its_key_and_file(
    tmp_path: Path, case: str, kind: type[SkerryError], key: str, told: str
) -> None:
    (tmp_path / "lonely.json").write_text(manifest(tmp_path).read_text().replace("w.tflite", "gone.tflite"))
    config = wrong(tmp_path, case)
    with pytest.raises(kind) as caught:
        _ = words_of(config), options_of(config)
    assert (caught.value.where or "").split(" (")[0] == key
    assert told in str(caught.value)

"""What a wake-word model is to the listener, and how its name or path is found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skerry_edge.audio.manifest import builtin_manifests, read_manifest, window_size
from skerry_edge.foundation.errors import ConfigError, DataError, MissingError
from skerry_edge.foundation.extras import install_hint
from skerry_edge.foundation.nearest import suggestion
from skerry_edge.models import catalogue

VOICE = "vad"
"""What microWakeWord's voice-activity model has in its manifest in place of a word (ESPHome, `vad.json`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WakeWordModel:
    """A streaming TFLite file with the numbers that decide when its word was heard."""

    word: str
    path: Path
    cutoff: float
    window: int

    @property
    def hears_voice(self) -> bool:
        """Whether this is a voice-activity model, which a manifest tells by its name alone."""
        return self.word.casefold() == VOICE


def find_model(text: str) -> WakeWordModel:
    """Return the model that ``text`` means: a manifest's path (`*.json`), or the name of a built-in model.

    Raises ConfigError naming the nearest model, or for a voice-activity model, and what reading a manifest raises;
    MissingError where a built-in model is asked for and the `wakeword` extra is not installed.
    """
    manifest = _manifest_of(text)
    model = load_model(manifest)
    if model.hears_voice:
        raise ConfigError(
            "this model hears any voice, no word",
            where=f"{manifest}, key 'wake_word'",
            found=f"'{model.word}'",
            todo="give a word's model; this one can be a pipeline's voice gate",
        )
    return model


def find_voice_model(text: str) -> WakeWordModel:
    """Return the voice-activity model that ``text`` means. Raises what `find_model` raises, the other way round."""
    manifest = _manifest_of(text)
    model = load_model(manifest)
    if not model.hears_voice:
        raise ConfigError(
            "this model hears a word, not any voice",
            where=f"{manifest}, key 'wake_word'",
            found=f"'{model.word}'",
            todo=f"give ESPHome's vad.json, or another manifest with '{VOICE}' there",
        )
    return model


def _manifest_of(text: str) -> Path:
    if text.endswith(catalogue.SUFFIX):
        raise ConfigError(
            "a bundle is no wake-word model, but may hold one",
            found=f"'{text}'",
            todo="unzip the .json and the .tflite that `skerry convert --to mcu-int8` puts in it, and give the .json",
        )
    if text.endswith(".json") or "/" in text:
        return Path(text)
    known = builtin_manifests()
    if text in known:
        return known[text]
    if not known:
        raise MissingError(
            "the built-in wake words are not installed", found=f"'{text}'", todo=install_hint("wakeword")
        )
    otherwise = f"give a manifest (*.json), or one of: {', '.join(known)}"
    todo = suggestion(text.lower().replace(" ", "_"), known, otherwise=otherwise)
    raise ConfigError("there is no such wake-word model", found=f"'{text}'", todo=todo)


def load_model(path: Path) -> WakeWordModel:
    """Read a manifest; its model file lies beside it. Raises DataError where that file is not there."""
    manifest = read_manifest(path)
    model = path.parent / manifest.model
    if not model.is_file():
        raise DataError("the manifest's model file is not there", where=f"{path}, key 'model'", found=str(model))
    return WakeWordModel(
        word=manifest.wake_word,
        path=model,
        cutoff=manifest.micro.probability_cutoff,
        window=window_size(manifest, where=str(path)),
    )

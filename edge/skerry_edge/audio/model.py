"""What a wake-word model is to the listener, and how its name or path is found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skerry_edge.audio.manifest import builtin_manifests, read_manifest, window_size
from skerry_edge.backends.choice import choose_variant
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import MicroWakeWord
from skerry_edge.foundation.errors import ConfigError, DataError, MissingError
from skerry_edge.foundation.extras import install_hint
from skerry_edge.foundation.file_hash import file_sha256
from skerry_edge.foundation.nearest import suggestion
from skerry_edge.models import catalogue

BACKEND = "litert"
"""The one backend that keeps the state of a streaming TFLite model between calls."""
STREAMING = "tflite-int8"
"""What a bundle calls the variant that is such a model; files of microWakeWord's own have no variants."""
MANIFEST_SUFFIX = ".json"
_HASH_DIGITS = 12
VOICE = "vad"
"""What microWakeWord's voice-activity model has in its manifest in place of a word (ESPHome, `vad.json`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Released:
    """Which version a bundle holds, and which of its variants is listened with."""

    version: str
    variant: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WakeWordModel:
    """A streaming network with the numbers that decide when its word was heard.

    ``path`` is a TFLite file, or the bundle that holds it: then ``released`` says more of that. ``name`` is what the
    bundle calls it, or its manifest's file is called: the name under which updates bring another one.
    """

    name: str
    word: str
    path: Path
    cutoff: float
    window: int
    released: Released | None = None

    @property
    def variant(self) -> str | None:
        """The bundle's variant, None for a file of its own."""
        return self.released.variant if self.released else None

    @property
    def version(self) -> str:
        """The bundle's version; of a file, which has none, 0 and the beginning of its SHA-256. Raises ReachError."""
        return self.released.version if self.released else f"0-{file_sha256(self.path)[:_HASH_DIGITS]}"

    @property
    def hears_voice(self) -> bool:
        """Whether this is a voice-activity model, which a manifest tells by its name alone."""
        return self.word.casefold() == VOICE


def find_model(text: str) -> WakeWordModel:
    """Return the model that ``text`` means: the path of a manifest (`*.json`) or bundle, or a built-in model's name.

    Raises ConfigError naming the nearest model, or for a voice-activity model, and what reading a manifest or a bundle
    raises; MissingError where a built-in model is asked for and the `wakeword` extra is not installed.
    """
    path = path_of(text)
    model = load_model(path)
    if model.hears_voice:
        raise ConfigError(
            "this model hears any voice, no word",
            where=f"{path}, {_word_key(model)}",
            found=f"'{model.word}'",
            todo="give a word's model; this one can be a pipeline's voice gate",
        )
    return model


def find_voice_model(text: str) -> WakeWordModel:
    """Return the voice-activity model that ``text`` means. Raises what `find_model` raises, the other way round."""
    path = path_of(text)
    model = load_model(path)
    if not model.hears_voice:
        raise ConfigError(
            "this model hears a word, not any voice",
            where=f"{path}, {_word_key(model)}",
            found=f"'{model.word}'",
            todo=f"give ESPHome's vad.json, or another manifest with '{VOICE}' there",
        )
    return model


def _word_key(model: WakeWordModel) -> str:
    return "key 'wake_word'" if model.released is None else "its label"


def path_of(text: str) -> Path:
    """Return the manifest or bundle that ``text`` means. Raises as `find_model` does for a name that is none."""
    if text.endswith((MANIFEST_SUFFIX, catalogue.SUFFIX)) or "/" in text:
        return Path(text)
    known = builtin_manifests()
    if text in known:
        return known[text]
    if not known:
        raise MissingError(
            "the built-in wake words are not installed", found=f"'{text}'", todo=install_hint("wakeword")
        )
    otherwise = f"give a manifest (*.json) or a bundle (*.skerry), or one of: {', '.join(known)}"
    todo = suggestion(text.lower().replace(" ", "_"), known, otherwise=otherwise)
    raise ConfigError("there is no such wake-word model", found=f"'{text}'", todo=todo)


def load_model(path: Path) -> WakeWordModel:
    """Read a bundle, or a manifest, whose model file lies beside it. Raises DataError where that file is not there."""
    if path.suffix == catalogue.SUFFIX or path.is_dir():
        return _load_bundle(path)
    manifest = read_manifest(path)
    model = path.parent / manifest.model
    if not model.is_file():
        raise DataError("the manifest's model file is not there", where=f"{path}, key 'model'", found=str(model))
    return WakeWordModel(
        name=path.name.removesuffix(MANIFEST_SUFFIX),
        word=manifest.wake_word,
        path=model,
        cutoff=manifest.micro.probability_cutoff,
        window=window_size(manifest, where=str(path)),
    )


def _load_bundle(path: Path) -> WakeWordModel:
    """Raise BundleError for what is no bundle, ConfigError for one that does not listen, MissingError."""
    bundle = Bundle.open(path)
    manifest, rule = bundle.manifest, bundle.manifest.output
    if not isinstance(rule, MicroWakeWord) or len(manifest.labels) != 1:
        raise ConfigError(
            "the bundle holds no wake word's model",
            where=str(path),
            found=f"'{manifest.name}' is for {manifest.task}",
            todo="give a bundle that `skerry convert` made of a microWakeWord model",
        )
    variant, _ = choose_variant(bundle, variant=None, backend=BACKEND)
    return WakeWordModel(
        name=manifest.name,
        word=manifest.labels[0],
        path=path,
        cutoff=rule.probability_cutoff,
        window=rule.sliding_window_size,
        released=Released(version=manifest.version, variant=variant),
    )

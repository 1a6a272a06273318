"""A wake-word pipeline's words and voice gate: from the configuration to what the listener takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from skerry_edge.agent.config.pipelines import WakeWordPipeline
from skerry_edge.agent.config.words import WordConfig
from skerry_edge.audio.model import find_model
from skerry_edge.audio.voice import VoiceModel, find_voice
from skerry_edge.audio.wakeword import ListenOptions
from skerry_edge.audio.word import Word, check_words, word_of
from skerry_edge.foundation.errors import SkerryError


def words_of(config: WakeWordPipeline) -> list[Word]:
    """Find the words' models. Raises what `find_model` raises, and ConfigError for two words of one name."""
    words = [_word_of(one, f"words[{index}].model") for index, one in enumerate(config.words)]
    with _named("words"):
        check_words(words)
    return words


def options_of(config: WakeWordPipeline) -> ListenOptions:
    """Find the voice gate's model, if there is one. Raises what `find_voice` raises."""
    return ListenOptions(refractory_s=config.refractory_s, voice=_voice_of(config))


def name_of(words: list[Word]) -> str:
    """Return what the models are called."""
    return "+".join(word.model.name for word in words)


def version_of(words: list[Word]) -> str:
    """Return the versions of the models, in the same order. Raises ReachError where a file cannot be read."""
    return "+".join(word.model.version for word in words)


def _word_of(config: WordConfig, key: str) -> Word:
    with _named(key):
        model = find_model(config.model)
    return word_of(model, cutoff=config.cutoff, window=config.window, refractory_s=config.refractory_s)


def _voice_of(config: WakeWordPipeline) -> VoiceModel | None:
    voice = config.voice
    if voice is None:
        return None
    with _named("voice.model"):
        return find_voice(voice.model, cutoff=voice.cutoff, window=voice.window, hold_s=voice.hold_s)


@contextmanager
def _named(key: str) -> Iterator[None]:
    """Put the pipeline's key before the place that an error names."""
    try:
        yield
    except SkerryError as error:
        error.where = f"{key} ({error.where})" if error.where else key
        raise

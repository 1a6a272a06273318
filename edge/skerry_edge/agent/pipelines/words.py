"""A wake-word pipeline's words and voice gate: from the configuration to what the listener takes."""

from __future__ import annotations

from skerry_edge.agent.config.pipelines import WakeWordPipeline
from skerry_edge.audio.model import find_model
from skerry_edge.audio.voice import VoiceModel, find_voice
from skerry_edge.audio.wakeword import ListenOptions
from skerry_edge.audio.word import Word, check_words, word_of
from skerry_edge.foundation.file_hash import file_sha256

_HASH_DIGITS = 12


def words_of(config: WakeWordPipeline) -> list[Word]:
    """Find the words' models. Raises what `find_model` raises, and ConfigError for two words of one name."""
    words = [
        word_of(find_model(one.model), cutoff=one.cutoff, window=one.window, refractory_s=one.refractory_s)
        for one in config.words
    ]
    check_words(words)
    return words


def options_of(config: WakeWordPipeline) -> ListenOptions:
    """Find the voice gate's model, if there is one. Raises what `find_voice` raises."""
    return ListenOptions(refractory_s=config.refractory_s, voice=_voice_of(config))


def version_of(words: list[Word]) -> str:
    """Return the beginnings of the model files' SHA-256. Raises ReachError where one cannot be read."""
    return "sha256:" + "+".join(file_sha256(word.model.path)[:_HASH_DIGITS] for word in words)


def _voice_of(config: WakeWordPipeline) -> VoiceModel | None:
    voice = config.voice
    if voice is None:
        return None
    return find_voice(voice.model, cutoff=voice.cutoff, window=voice.window, hold_s=voice.hold_s)

"""What a wake-word pipeline listens for: its words, and the gate that tells whether anybody speaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from skerry_edge.agent.config.parts import FileText, Part, Wait
from skerry_edge.foundation.errors import ConfigError

MAX_WORDS = 8
"""The versions of so many models fit into one name of a heartbeat."""
Cutoff = Annotated[float, Meta(ge=0.0, lt=1.0)]
"""A score is never above 1: a word with that cut-off could not be heard."""
Window = Annotated[int, Meta(ge=1, le=1000)]


class WordConfig(Part, frozen=True, kw_only=True):
    """One word: ``model`` is the path of a microWakeWord manifest or of a bundle, or a shipped word's name.

    ``cutoff`` and ``window`` (probabilities that are averaged) replace the manifest's own. After the word was heard,
    it is not heard again for ``refractory_s``.
    """

    model: FileText
    cutoff: Cutoff | None = None
    window: Window | None = None
    refractory_s: Wait = 1.0


class VoiceConfig(Part, frozen=True, kw_only=True):
    """The voice gate: ``model`` is the path of a manifest such as ESPHome's `vad.json`, or of a bundle made of one.

    Words are looked for only while its score is above ``cutoff``, and ``hold_s`` longer; ``cutoff`` and ``window``
    replace the manifest's own.
    """

    model: FileText
    cutoff: Cutoff | None = None
    window: Window | None = None
    hold_s: Wait = 1.0


Words = Annotated[tuple[WordConfig, ...], Meta(min_length=1, max_length=MAX_WORDS)]


def problem_of(words: Sequence[WordConfig]) -> tuple[tuple[str | int, ...], ConfigError] | None:
    """Return what is wrong with the words together, and the key below the pipeline that it concerns."""
    first_of: dict[str, int] = {}
    for index, word in enumerate(words):
        if first_of.setdefault(word.model, index) != index:
            error = ConfigError("two words have the same model", found=f"'{word.model}'", todo="leave one out")
            return ("words", index, "model"), error
    return None

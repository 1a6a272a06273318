"""The words of one listener: a model and its rule each, found by name or path and told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skerry_edge.audio.decision import DEFAULT_REFRACTORY_S, DecisionRule
from skerry_edge.audio.model import WakeWordModel, find_model
from skerry_edge.foundation.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """A model, and the rule by which its word counts as heard."""

    model: WakeWordModel
    rule: DecisionRule

    @property
    def name(self) -> str:
        """The wake word as its manifest spells it."""
        return self.model.word


def word_of(
    model: WakeWordModel,
    *,
    cutoff: float | None = None,
    window: int | None = None,
    refractory_s: float = DEFAULT_REFRACTORY_S,
) -> Word:
    """Return the word of a model; ``cutoff`` and ``window`` replace the manifest's own."""
    rule = DecisionRule(
        cutoff=model.cutoff if cutoff is None else cutoff,
        window=model.window if window is None else window,
        refractory_s=refractory_s,
    )
    return Word(model=model, rule=rule)


def find_word(text: str) -> Word:
    """Return the word of a built-in model or a manifest's path, under its own rule. Raises what `find_model` raises."""
    return word_of(find_model(text))


def check_words(words: Sequence[Word]) -> None:
    """Raise ConfigError where two words have one name, in whatever case: nobody could tell which was heard."""
    first_of: dict[str, Word] = {}
    for word in words:
        first = first_of.setdefault(word.name.casefold(), word)
        if first is not word:
            raise ConfigError(
                "two wake words have the same name",
                where=f"{first.model.path} and {word.model.path}",
                found=f"'{word.name}'",
                todo="leave one out, or change 'wake_word' in its manifest",
            )

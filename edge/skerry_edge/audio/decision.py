"""What decides when a wake word counts as heard: the sliding mean, the cut-off and rest after it; no sound in here."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import fmean

DEFAULT_REFRACTORY_S = 1.0
"""About as long as saying a wake word takes: one utterance counts once, and two in a row count twice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionRule:
    """The numbers of a decision: heard where the mean of ``window`` probabilities is greater than ``cutoff``.

    After a detection the same word does not count for ``refractory_s`` seconds of sound.
    """

    cutoff: float
    window: int
    refractory_s: float = DEFAULT_REFRACTORY_S


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One judged step of a stream: ``score`` is the word's sliding mean, ``time_s`` its place in the stream."""

    word: str
    time_s: float
    score: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    """A wake word that was heard: ``time_s`` from the start of the stream to where it was certain; score in 0..1."""

    word: str
    time_s: float
    score: float


class SlidingMean:
    """The mean of a stream's last ``window`` probabilities; 0.0 until there are so many, as in microWakeWord's own."""

    def __init__(self, window: int) -> None:
        self._recent: deque[float] = deque(maxlen=window)

    def add(self, probability: float) -> float:
        """Take the next probability and return the score."""
        self._recent.append(probability)
        return fmean(self._recent) if len(self._recent) == self._recent.maxlen else 0.0


class Refractory:
    """Lets a detection of one stream count, and then none for ``rest_s`` seconds of sound."""

    def __init__(self, rest_s: float) -> None:
        self._rest_s = rest_s
        self._last_s: float | None = None

    def counts(self, time_s: float) -> bool:
        """Tell whether what is above the cut-off at ``time_s`` counts; to be asked in order."""
        rested = self._last_s is None or time_s - self._last_s >= self._rest_s
        if rested:
            self._last_s = time_s
        return rested

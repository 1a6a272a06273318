"""When a wake word counts as heard: sliding mean, cut-off and refractory time; no sound and no clock in here."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import fmean

DEFAULT_REFRACTORY_S = 1.0
"""About as long as saying a wake word takes: one utterance counts once, and two in a row count twice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionRule:
    """The numbers of a decision: heard where the mean of ``window`` probabilities is greater than ``cutoff``.

    After a detection nothing counts for ``refractory_s`` seconds of sound.
    """

    cutoff: float
    window: int
    refractory_s: float = DEFAULT_REFRACTORY_S


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One judged step of a stream: ``score`` is the sliding mean, ``time_s`` its place in the stream."""

    time_s: float
    score: float
    detected: bool


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


class WordDecision:
    """Judges the probabilities of one stream, in order."""

    def __init__(self, rule: DecisionRule) -> None:
        self._rule = rule
        self._recent: deque[float] = deque(maxlen=rule.window)
        self._refractory = Refractory(rule.refractory_s)

    def judge(self, probability: float, time_s: float) -> Step:
        """Take the next probability; the score is 0.0 until the window is full, as in microWakeWord's own runtime."""
        self._recent.append(probability)
        score = fmean(self._recent) if len(self._recent) == self._rule.window else 0.0
        detected = score > self._rule.cutoff and self._refractory.counts(time_s)
        return Step(time_s=time_s, score=score, detected=detected)

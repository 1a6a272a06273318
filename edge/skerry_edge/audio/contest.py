"""Which of a pipeline's words was said, where words that sound alike are heard at once; no sound in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skerry_edge.audio.decision import DecisionRule, Detection, Step

CONTEST_S = 0.1
"""How long a word above its cut-off waits for one that is still rising: words that sound alike rise together."""
LAPSE_S = 0.5
"""Steps that come at all come far sooner after one another than this."""
RISING_SHARE = 0.5
"""The share of its cut-off from which a word counts as rising; in 0.1 s a mean of five steps rises by 0.6 at most."""


class Contest:
    """Decides over the scores of all words of one stream.

    A word above its cut-off is heard at once where no other one rises. Where one does, the best within CONTEST_S is
    heard: the one that is furthest on the way from its own cut-off to certainty. After a detection the word itself
    rests for its rule's ``refractory_s``, and every other one for ``refractory_s``, in seconds of sound.
    """

    def __init__(self, rules: Mapping[str, DecisionRule], *, refractory_s: float) -> None:
        self._rules = rules
        self._refractory_s = refractory_s
        # Where words do not hold each other back, there is nothing to win.
        self._wait_s = min(CONTEST_S, refractory_s)
        self._scores = dict.fromkeys(rules, 0.0)
        self._contenders: dict[str, Step] = {}
        self._began_s = 0.0
        self._heard_s: dict[str, float] = {}

    def judge(self, instant: Sequence[Step]) -> Detection | None:
        """Take the steps of one place in the stream, at least one; to be called in order."""
        for step in instant:
            self._scores[step.word] = step.score
            if step.score > self._rules[step.word].cutoff and self._has_rested(step.word, step.time_s):
                self._enter(step)
        if not self._contenders:
            return None
        now_s = instant[-1].time_s
        leader = self._leader()
        others = (word for word in self._rules if word != leader.word)
        if now_s - self._began_s < self._wait_s and any(self._is_rising(word, now_s) for word in others):
            return None
        return self._settle(leader, now_s)

    def lapse(self, now_s: float) -> Detection | None:
        """Decide what is open where no step has come up to ``now_s``: a voice gate has closed in the middle of it."""
        return self.close() if now_s - self._began_s > LAPSE_S else None

    def close(self) -> Detection | None:
        """End the stream: what leads now is what was heard."""
        if not self._contenders:
            return None
        leader = self._leader()
        return self._settle(leader, leader.time_s)

    def _enter(self, step: Step) -> None:
        if not self._contenders:
            self._began_s = step.time_s
        best = self._contenders.get(step.word)
        if best is None or step.score > best.score:
            self._contenders[step.word] = step

    def _leader(self) -> Step:
        return max(self._contenders.values(), key=self._margin)

    def _margin(self, step: Step) -> float:
        cutoff = self._rules[step.word].cutoff
        return (step.score - cutoff) / (1.0 - cutoff)

    def _is_rising(self, word: str, now_s: float) -> bool:
        return self._scores[word] > RISING_SHARE * self._rules[word].cutoff and self._has_rested(word, now_s)

    def _has_rested(self, word: str, now_s: float) -> bool:
        return all(
            now_s - last_s >= (self._rules[word].refractory_s if word == other else self._refractory_s)
            for other, last_s in self._heard_s.items()
        )

    def _settle(self, winner: Step, now_s: float) -> Detection:
        self._contenders.clear()
        self._heard_s[winner.word] = now_s
        return Detection(word=winner.word, time_s=now_s, score=winner.score)

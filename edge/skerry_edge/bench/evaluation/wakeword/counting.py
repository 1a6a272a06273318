"""From scores to figures, at one cut-off or at many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from skerry_edge.bench.evaluation.wakeword.figures import (
    DelayFigures,
    FalseAccept,
    MissedWord,
    NegativeFigures,
    PositiveFigures,
    SweepPoint,
)
from skerry_edge.bench.evaluation.wakeword.listening import HeardRecording
from skerry_edge.bench.intervals import binomial_bounds, poisson_bounds

_HOUR_S = 3600.0
_SWEEP = tuple(step / 100 for step in range(1, 100))
Recordings = Sequence[HeardRecording]


class WordCounter:
    """Counts recordings with the word (``positives``) and without it under one refractory time."""

    def __init__(self, positives: Recordings, negatives: Recordings, *, refractory_s: float) -> None:
        self._positives = positives
        self._negatives = negatives
        self._refractory_s = refractory_s

    def positives(self, cutoff: float) -> PositiveFigures:
        """Return in how many recordings the word was heard, and how late."""
        count = len(self._positives)
        delays = [(one, self._first(one, cutoff)) for one in self._positives]
        heard = [(one, time_s) for one, time_s in delays if time_s is not None]
        bounds = binomial_bounds(len(heard), count) if count else None
        return PositiveFigures(
            recordings=count,
            heard=len(heard),
            recall=len(heard) / count if count else None,
            low=bounds.low if bounds else None,
            high=bounds.high if bounds else None,
            early=sum(len(self._early(one, cutoff)) for one in self._positives),
            delay=_delays(heard),
        )

    def negatives(self, cutoff: float) -> NegativeFigures:
        """Return how often the word was heard where it is not."""
        count = sum(len(one.detections(cutoff, self._refractory_s)) for one in self._negatives)
        hours = sum(one.duration_s for one in self._negatives) / _HOUR_S
        bounds = poisson_bounds(count)
        return NegativeFigures(
            recordings=len(self._negatives),
            hours=hours,
            false_accepts=count,
            false_accepts_per_hour=count / hours if hours else None,
            low=bounds.low / hours if hours else None,
            high=bounds.high / hours if hours else None,
        )

    def sweep(self, cutoff: float) -> tuple[SweepPoint, ...]:
        """Return what cut-offs from 0.01 to 0.99, and ``cutoff`` itself, would give."""
        return tuple(self._point(one) for one in sorted({*_SWEEP, cutoff}))

    def missed(self, cutoff: float) -> tuple[MissedWord, ...]:
        """Return the recordings whose word was not heard, the least certain first."""
        missed = [one for one in self._positives if self._first(one, cutoff) is None]
        return tuple(
            MissedWord(recording=one.name, best_score=one.best_score)
            for one in sorted(missed, key=lambda one: (one.best_score, one.name))
        )

    def false_accepts(self, cutoff: float) -> tuple[FalseAccept, ...]:
        """Return every detection of nothing, in recordings without the word and before the word begins."""
        places = [(one, place) for one in self._positives for place in self._early(one, cutoff)]
        places += [(one, place) for one in self._negatives for place in one.detections(cutoff, self._refractory_s)]
        return tuple(
            FalseAccept(recording=one.name, time_s=float(one.times_s[place]), score=float(one.scores[place]))
            for one, place in places
        )

    def _early(self, one: HeardRecording, cutoff: float) -> list[int]:
        begins_s = one.word_s or 0.0
        return [place for place in one.detections(cutoff, self._refractory_s) if one.times_s[place] < begins_s]

    def _first(self, one: HeardRecording, cutoff: float) -> float | None:
        """Return when the word was heard first, once it had begun."""
        times_s = (float(one.times_s[place]) for place in one.detections(cutoff, self._refractory_s))
        return next((time_s for time_s in times_s if time_s >= (one.word_s or 0.0)), None)

    def _point(self, cutoff: float) -> SweepPoint:
        positives = self.positives(cutoff) if self._positives else None
        negatives = self.negatives(cutoff) if self._negatives else None
        return SweepPoint(
            cutoff=cutoff,
            recall=positives.recall if positives else None,
            recall_low=positives.low if positives else None,
            recall_high=positives.high if positives else None,
            false_accepts_per_hour=negatives.false_accepts_per_hour if negatives else None,
            false_accepts_low=negatives.low if negatives else None,
            false_accepts_high=negatives.high if negatives else None,
        )


def _delays(heard: Sequence[tuple[HeardRecording, float]]) -> DelayFigures | None:
    """Return the delays from where the words begin, or from the files' starts where no file says so."""
    known = [time_s - one.word_s for one, time_s in heard if one.word_s is not None]
    delays_s = known or [time_s for _, time_s in heard]
    if not delays_s:
        return None
    return DelayFigures(
        counted_from="word start" if known else "file start",
        recordings=len(delays_s),
        median_s=float(np.median(delays_s)),
        p90_s=float(np.quantile(delays_s, 0.9)),
        longest_s=max(delays_s),
    )

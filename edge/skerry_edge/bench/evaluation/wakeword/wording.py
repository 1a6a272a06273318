"""A wake word's figures in words, the same on the terminal and on the page."""

from __future__ import annotations

from skerry_edge.bench.evaluation import words
from skerry_edge.bench.evaluation.wakeword.figures import DelayFigures, NegativeFigures, PositiveFigures

_FROM = {
    "word start": "from where the word begins",
    "file start": "from the file's start, as no labels say where the word begins",
}


def recall_interval(figures: PositiveFigures) -> str:
    """Return the bounds of the recall."""
    if figures.low is None or figures.high is None:
        return words.NONE
    return words.between(words.percent(figures.low), words.percent(figures.high))


def rate_interval(figures: NegativeFigures) -> str:
    """Return the bounds of the false accepts per hour."""
    if figures.low is None or figures.high is None:
        return words.NONE
    return words.between(words.rate(figures.low), words.rate(figures.high))


def per_hour(figures: NegativeFigures) -> str:
    """Return the false accepts per hour."""
    rate = figures.false_accepts_per_hour
    return words.NONE if rate is None else words.rate(rate)


def sound(figures: NegativeFigures) -> str:
    """Return how much was heard: hours, or minutes where it is little."""
    return f"{figures.hours:.1f} h" if figures.hours >= 1 else f"{60 * figures.hours:.1f} min"


def delay(figures: DelayFigures) -> str:
    """Return all but the median delay, and what they count from."""
    times = f"90 % within {figures.p90_s:.2f} s, longest {figures.longest_s:.2f} s"
    return f"{times}, {_FROM[figures.counted_from]}"

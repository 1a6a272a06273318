"""When a wake word counts as heard: pure numbers in, decisions out."""

from __future__ import annotations

import itertools
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.audio.contest import Contest
from skerry_edge.audio.decision import DecisionRule, SlidingMean, Step

probabilities = st.lists(st.floats(0, 1), max_size=60)


def scores(values: list[float], window: int = 3) -> list[float]:
    mean = SlidingMean(window)
    return [mean.add(value) for value in values]


def heard(values: list[float], *, cutoff: float = 0.5, window: int = 3, refractory_s: float = 0.0) -> list[float]:
    """Return the places at which one word alone is heard, a step every 0.03 s."""
    rule = DecisionRule(cutoff=cutoff, window=window, refractory_s=refractory_s)
    contest = Contest({"x": rule}, refractory_s=1.0)
    steps = [Step(word="x", time_s=0.03 * at, score=score) for at, score in enumerate(scores(values, window))]
    return [found.time_s for step in steps if (found := contest.judge([step])) is not None]


def test_nothing_is_heard_before_the_window_is_full() -> None:
    assert scores([1.0, 1.0, 1.0]) == [0.0, 0.0, 1.0]
    assert heard([1.0, 1.0, 1.0]) == [0.06]


def test_the_score_is_the_mean_of_the_last_window() -> None:
    assert scores([0.0, 0.3, 0.6, 0.9]) == pytest.approx([0.0, 0.0, 0.3, 0.6])


def test_a_score_at_the_cutoff_is_not_above_it() -> None:
    assert heard([0.5, 0.75], window=1) == [0.03]


def test_one_utterance_counts_once_and_the_next_one_again() -> None:
    values = [0.9] * 10 + [0.0] * 30 + [0.9] * 10
    assert heard(values, window=1, refractory_s=1.0) == pytest.approx([0.0, 40 * 0.03])


def test_a_word_that_begins_in_the_refractory_time_counts_when_that_is_over() -> None:
    assert heard([0.9] * 40, window=1, refractory_s=0.6) == pytest.approx([0.0, 0.6])


def test_without_refractory_time_every_step_above_the_cutoff_counts() -> None:
    assert len(heard([0.9] * 7, window=3)) == 5


@given(probabilities, st.floats(0, 1), st.integers(1, 8))
def test_it_decides_as_a_plain_reading_of_the_definition_does(values: list[float], cutoff: float, window: int) -> None:
    above = []
    for index, score in enumerate(scores(values, window)):
        recent = values[max(0, index - window + 1) : index + 1]
        assert score == (statistics.fmean(recent) if len(recent) == window else 0.0)
        if score > cutoff:
            above.append(0.03 * index)
    assert heard(values, cutoff=cutoff, window=window) == above


@given(probabilities, st.floats(0.01, 1.0))
def test_two_detections_are_never_closer_than_the_refractory_time(values: list[float], refractory_s: float) -> None:
    times = heard(values, window=1, refractory_s=refractory_s)
    assert all(later - earlier >= refractory_s for earlier, later in itertools.pairwise(times))

"""From scores to recall, false accepts and delays, at any cut-off."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.audio.contest import Contest
from skerry_edge.audio.decision import DecisionRule, Step
from skerry_edge.bench.evaluation.wakeword.counting import WordCounter
from skerry_edge.bench.evaluation.wakeword.listening import HeardRecording


def recording(*scores: float, word_s: float | None = None, name: str = "a.wav") -> HeardRecording:
    """Make a recording that has a score every half second."""
    return HeardRecording(
        name=name,
        duration_s=0.5 * len(scores),
        times_s=0.5 * np.arange(1, len(scores) + 1),
        scores=np.array(scores, np.float64),
        word_s=word_s,
    )


def counter(
    positives: Sequence[HeardRecording] = (), negatives: Sequence[HeardRecording] = (), refractory_s: float = 1.0
) -> WordCounter:
    return WordCounter(positives, negatives, refractory_s=refractory_s)


@given(st.lists(st.sampled_from([0.0, 0.4, 0.5, 0.6, 1.0]), max_size=30), st.sampled_from([0.0, 0.5, 1.0, 2.5]))
def test_a_cut_off_that_is_tried_detects_what_the_device_detects(scores: list[float], refractory_s: float) -> None:
    device = Contest({"x": DecisionRule(cutoff=0.5, window=1, refractory_s=refractory_s)}, refractory_s=1.0)
    heard = recording(*scores)
    steps = [Step(word="x", time_s=float(at), score=one) for one, at in zip(scores, heard.times_s, strict=True)]
    assert heard.detections(0.5, refractory_s) == [place for place, step in enumerate(steps) if device.judge([step])]


def test_recall_counts_recordings_and_not_detections() -> None:
    figures = counter([recording(0.9, 0.1, 0.9), recording(0.2), recording(0.6, 0.6, 0.6)]).positives(0.5)
    assert (figures.recordings, figures.heard, figures.recall) == (3, 2, 2 / 3)
    assert figures.low is not None
    assert figures.high is not None
    assert figures.low < 2 / 3 < figures.high


def test_every_false_accept_counts_but_those_in_the_refractory_time() -> None:
    negatives = [recording(0.9, 0.9, 0.1, 0.9), recording(*[0.0] * 7196)]
    figures = counter(negatives=negatives).negatives(0.5)
    assert (figures.false_accepts, figures.hours) == (2, 1.0)
    assert figures.false_accepts_per_hour == 2.0
    assert (figures.low, figures.high) == pytest.approx((0.2422, 7.2247), abs=1e-3)
    assert counter(negatives=negatives, refractory_s=0).negatives(0.5).false_accepts == 3


def test_a_detection_before_the_word_is_false_and_the_word_may_still_be_heard() -> None:
    early = recording(0.9, 0.1, 0.1, 0.8, word_s=1.2)
    counted = counter([early, recording(0.9, 0.1, word_s=0.8, name="b.wav")])
    figures = counted.positives(0.5)
    assert (figures.heard, figures.early) == (1, 2)
    assert [(one.recording, one.time_s) for one in counted.false_accepts(0.5)] == [("a.wav", 0.5), ("b.wav", 0.5)]
    assert [one.recording for one in counted.missed(0.5)] == ["b.wav"]


def test_delays_count_from_the_word_where_somebody_said_where_it_is() -> None:
    labelled = [recording(0.1, 0.1, 0.9, word_s=1.0), recording(0.1, 0.1, 0.1, 0.9, word_s=0.5)]
    delay = counter([*labelled, recording(0.9)]).positives(0.5).delay
    assert delay is not None
    assert (delay.counted_from, delay.recordings) == ("word start", 2)
    assert (delay.median_s, delay.longest_s) == (1.0, 1.5)


def test_without_any_label_delays_count_from_the_file_s_start_and_say_so() -> None:
    delay = counter([recording(0.1, 0.9), recording(0.1, 0.1, 0.1, 0.9)]).positives(0.5).delay
    assert delay is not None
    assert (delay.counted_from, delay.median_s, delay.longest_s) == ("file start", 1.5, 2.0)
    assert counter([recording(0.1)]).positives(0.5).delay is None


def test_the_sweep_has_the_model_s_own_cut_off_and_falls() -> None:
    random = np.random.default_rng(1)
    positives, negatives = ([recording(*random.random(8)) for _ in range(20)] for _ in range(2))
    points = counter(positives, negatives).sweep(0.973)
    cutoffs = [point.cutoff for point in points]
    assert cutoffs == sorted(cutoffs)
    assert 0.973 in cutoffs
    recalls = [point.recall for point in points if point.recall is not None]
    assert len(recalls) == len(points) == 100
    assert recalls == sorted(recalls, reverse=True)
    assert points[0].false_accepts_per_hour is not None


def test_what_was_not_given_has_no_figures() -> None:
    point = counter(negatives=[recording(0.1)]).sweep(0.5)[0]
    assert point.recall is None
    assert point.false_accepts_per_hour == 7200.0


def test_missed_words_come_with_the_least_certain_first() -> None:
    missed = counter([recording(0.4, name="b"), recording(0.1, name="a"), recording(0.9, name="c")]).missed(0.5)
    assert [(one.recording, one.best_score) for one in missed] == [("a", 0.1), ("b", 0.4)]

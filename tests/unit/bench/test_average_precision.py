"""Average precision: known curves, Pascal VOC's two rules, and the paired bootstrap."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skerry_edge.bench.average_precision import (
    Curve,
    Rule,
    average_precisions,
    bootstrap,
    envelope,
    mean_average_precision,
    paired_bootstrap,
    precision_recall,
)
from skerry_edge.bench.matching import Matches


def matches_of(rows: Sequence[tuple[int, int, float, bool]], positives: Sequence[Sequence[int]]) -> Matches:
    """Make matches of rows (picture, class, score, hit)."""
    table = np.array(rows, np.float64).reshape(-1, 4)
    return Matches(
        image_ids=table[:, 0].astype(np.int64),
        class_ids=table[:, 1].astype(np.int64),
        scores=table[:, 2],
        hits=table[:, 3].astype(np.bool_),
        positives=np.array(positives, np.int64),
    )


def test_every_object_found_before_any_mistake_is_one() -> None:
    matches = matches_of([(0, 0, 0.9, True), (1, 0, 0.8, True), (1, 0, 0.1, False)], [[1], [1]])
    assert average_precisions(matches).tolist() == [1.0]
    assert average_precisions(matches, "11-point").tolist() == pytest.approx([1.0])


def test_the_area_is_that_under_the_best_precision_at_each_recall() -> None:
    # Recall 1/2 at precision 1, then a mistake, then recall 1 at precision 2/3.
    matches = matches_of([(0, 0, 0.9, True), (0, 0, 0.8, False), (0, 0, 0.7, True)], [[2]])
    assert average_precisions(matches)[0] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert average_precisions(matches, "11-point")[0] == pytest.approx((6 * 1 + 5 * 2 / 3) / 11)


def test_a_class_without_objects_has_no_ap_and_stays_out_of_the_mean() -> None:
    matches = matches_of([(0, 0, 0.9, True), (0, 1, 0.9, False)], [[1, 0]])
    assert average_precisions(matches)[0] == 1
    assert math.isnan(average_precisions(matches)[1])
    assert mean_average_precision(matches) == 1


def test_a_class_with_objects_and_no_detection_is_zero() -> None:
    assert mean_average_precision(matches_of([], [[3]])) == 0
    assert mean_average_precision(matches_of([], [[3]]), "11-point") == 0


def test_nothing_to_be_found_at_all_is_no_number() -> None:
    assert math.isnan(mean_average_precision(matches_of([(0, 0, 0.9, False)], [[0]])))


def test_the_curve_falls_in_score_and_rises_in_recall() -> None:
    curve = precision_recall(matches_of([(0, 0, 0.2, True), (1, 0, 0.9, False), (1, 0, 0.5, True)], [[2], [2]]), 0)
    assert curve.scores.tolist() == [0.9, 0.5, 0.2]
    assert curve.recall.tolist() == [0, 0.25, 0.5]
    assert curve.precision.tolist() == pytest.approx([0, 1 / 2, 2 / 3])


rows_of_four_pictures = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 1), st.floats(0, 1, width=16), st.booleans()),
    max_size=30,
    unique_by=lambda row: row[2],
)


@settings(max_examples=60, deadline=None)
@given(rows=rows_of_four_pictures, seed=st.integers(0, 1000), rule=st.sampled_from(["11-point", "every-point"]))
def test_resampling_a_picture_is_the_same_as_having_it_several_times(
    rows: list[tuple[int, int, float, bool]], seed: int, rule: Rule
) -> None:
    positives = np.ones((4, 2), np.int64)
    for image, kind, _, hit in rows:
        positives[image, kind] += hit
    (times,) = np.random.default_rng(seed).multinomial(4, [0.25] * 4, 1)
    picks = np.repeat(np.arange(4), times)
    copies = [(place, *row[1:]) for place, pick in enumerate(picks) for row in rows if row[0] == pick]
    expected = mean_average_precision(matches_of(copies, positives[picks]), rule)
    interval = paired_bootstrap(
        matches_of([], positives), matches_of(rows, positives), seed=seed, resamples=1, rule=rule
    )
    assert interval.low == pytest.approx(expected)


def many_pictures(seed: int, *, skill: float) -> Matches:
    """Make 60 pictures of one object each, found with a probability of ``skill``."""
    random = np.random.default_rng(seed)
    rows = [(image, 0, score, random.random() < skill) for image, score in enumerate(random.random(60))]
    return matches_of(rows, [[1]] * 60)


def test_a_network_against_itself_differs_by_nothing() -> None:
    matches = many_pictures(1, skill=0.7)
    interval = paired_bootstrap(matches, matches, seed=3)
    assert (interval.difference, interval.low, interval.high) == (0, 0, 0)


def test_a_much_worse_network_is_worse_beyond_doubt() -> None:
    interval = paired_bootstrap(many_pictures(1, skill=0.9), many_pictures(2, skill=0.3), seed=3)
    assert interval.low < interval.difference < interval.high < 0
    assert (interval.confidence, interval.resamples) == (0.95, 1000)


def test_the_interval_comes_from_its_seed_alone() -> None:
    first, second = many_pictures(1, skill=0.6), many_pictures(2, skill=0.6)
    assert paired_bootstrap(first, second, seed=3) == paired_bootstrap(first, second, seed=3)
    assert paired_bootstrap(first, second, seed=3) != paired_bootstrap(first, second, seed=4)


def test_the_interval_does_not_depend_on_how_the_work_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = many_pictures(1, skill=0.6), many_pictures(2, skill=0.6)
    whole = paired_bootstrap(first, second, seed=3, resamples=50)
    monkeypatch.setattr("skerry_edge.bench.average_precision._CELLS", 60 * 7)
    assert paired_bootstrap(first, second, seed=3, resamples=50) == whole


def test_the_interval_covers_the_true_difference_about_as_often_as_it_says() -> None:
    covered = 0
    for trial in range(40):
        interval = paired_bootstrap(
            many_pictures(2 * trial, skill=0.8), many_pictures(2 * trial + 1, skill=0.8), seed=trial, resamples=200
        )
        covered += interval.low <= 0 <= interval.high
    assert covered >= 34


def test_matches_of_other_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="not of the same pictures"):
        paired_bootstrap(matches_of([], [[1]]), matches_of([], [[2]]), seed=0)
    with pytest.raises(ValueError, match="cannot resample 0 pictures"):
        paired_bootstrap(matches_of([], np.empty((0, 1))), matches_of([], np.empty((0, 1))), seed=0)


def test_the_interval_of_one_network_holds_its_own_figure_and_comes_from_its_seed() -> None:
    matches = many_pictures(1, skill=0.6)
    bounds = bootstrap(matches, seed=3)
    assert bounds.low < mean_average_precision(matches) < bounds.high
    assert bounds == bootstrap(matches, seed=3) != bootstrap(matches, seed=4)


def test_more_pictures_give_a_narrower_interval() -> None:
    few, many = (
        matches_of([(image, 0, 0.5, image % 3 > 0) for image in range(count)], [[1]] * count) for count in (30, 3000)
    )
    wide, narrow = bootstrap(few, seed=1), bootstrap(many, seed=1)
    assert narrow.high - narrow.low < (wide.high - wide.low) / 5


def test_without_any_object_an_interval_is_no_number() -> None:
    bounds = bootstrap(matches_of([], [[0]]), seed=1)
    assert math.isnan(bounds.low)
    assert math.isnan(bounds.high)


def test_the_area_below_the_envelope_is_the_average_precision() -> None:
    matches = many_pictures(5, skill=0.7)
    middles = (np.arange(100_000) + 0.5) / 100_000
    area = envelope(precision_recall(matches, 0), middles).mean()
    assert area == pytest.approx(mean_average_precision(matches), abs=1e-4)


def test_the_envelope_is_the_best_precision_at_any_higher_recall() -> None:
    curve = Curve(
        scores=np.array([0.9, 0.8, 0.7]), recall=np.array([0.0, 0.5, 0.5]), precision=np.array([0.0, 0.5, 1 / 3])
    )
    assert envelope(curve, np.array([0.0, 0.5, 0.51, 1.0])).tolist() == [0.5, 0.5, 0.0, 0.0]
    nothing = Curve(scores=np.empty(0), recall=np.empty(0), precision=np.empty(0))
    assert envelope(nothing, np.array([0.0, 1.0])).tolist() == [0.0, 0.0]

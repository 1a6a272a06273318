"""The rules by which a file passes or fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from skerry_converters.gates.accuracy import AccuracyFigures
from skerry_converters.gates.boxes import BoxFigures
from skerry_converters.gates.metrics import OutputFigures
from skerry_converters.gates.verdict import ColourFigures, Evidence, Limits, Verdict, judge

Make = Callable[..., OutputFigures]
LIMITS = Limits()


def boxes(source: int, matched: int, *, variant: int | None = None) -> BoxFigures:
    return BoxFigures(
        threshold=0.25,
        source_boxes=source,
        variant_boxes=matched if variant is None else variant,
        matched=matched,
        faded=0,
        mean_score_difference=0.0,
        largest_score_difference=0.0,
        mean_iou=0.9,
    )


def accuracy(drop: float) -> AccuracyFigures:
    return AccuracyFigures(
        images=25, objects=60, source_ap50=80, variant_ap50=80 - drop, drop=drop, drop_low=drop - 3, drop_high=drop + 4
    )


def verdict(precision: str, *outputs: OutputFigures, **more: object) -> Verdict:
    return judge(Evidence(precision=precision, outputs=outputs, **more), LIMITS)  # type: ignore[arg-type]


@pytest.mark.parametrize(("error", "outcome"), [(9.9e-4, "passed"), (1.1e-3, "failed")])
def test_fp32_is_judged_by_its_largest_error_alone(output: Make, error: float, outcome: str) -> None:
    found = verdict(
        "fp32", output(), output(max_abs_error=error, sqnr_db=-5.0), boxes=boxes(100, 0), accuracy=accuracy(9)
    )
    assert (found.outcome, found.decided_by) == (outcome, "error")


@pytest.mark.parametrize(("ratio", "outcome"), [(40.0, "passed"), (39.9, "failed")])
def test_fp16_is_judged_by_the_sqnr_of_its_worst_output(output: Make, ratio: float, outcome: str) -> None:
    found = verdict("fp16", output(), output(name="worst", sqnr_db=ratio, max_abs_error=5.0), accuracy=accuracy(9))
    assert (found.outcome, found.decided_by) == (outcome, "sqnr")
    assert "'worst'" in found.reasons[0]


@pytest.mark.parametrize("precision", ["int8", "int8x16", "dynamic"])
def test_integers_fail_hard_under_6_db_whatever_the_task_says(output: Make, precision: str) -> None:
    found = verdict(precision, output(), output(sqnr_db=5.9), accuracy=accuracy(0), boxes=boxes(100, 100))
    assert (found.outcome, found.decided_by) == ("failed", "sqnr")


@pytest.mark.parametrize(("drop", "outcome"), [(2.0, "passed"), (2.1, "failed"), (-1.0, "passed")])
def test_with_labels_the_lost_points_decide_and_boxes_do_not(output: Make, drop: float, outcome: str) -> None:
    found = verdict("int8", output(sqnr_db=6.0), accuracy=accuracy(drop), boxes=boxes(100, 10))
    assert (found.outcome, found.decided_by) == (outcome, "accuracy")
    assert f"{drop:.1f} points lost ({drop - 3:.1f} to {drop + 4:.1f})" in found.reasons[0]


def test_a_failure_that_may_be_chance_says_so(output: Make) -> None:
    assert len(verdict("int8", output(sqnr_db=15.0), accuracy=accuracy(3.5)).reasons) == 1
    reasons = verdict("int8", output(sqnr_db=15.0), accuracy=accuracy(2.9)).reasons
    assert reasons[1] == "with 60 labelled objects this may be chance: more gate data would tell"


def test_a_pass_that_may_be_chance_says_so(output: Make) -> None:
    sure = verdict("int8", output(sqnr_db=15.0), accuracy=accuracy(-2.5))
    lucky = verdict("int8", output(sqnr_db=15.0), accuracy=accuracy(-1.5))
    assert (sure.outcome, len(sure.reasons)) == ("passed", 1)
    assert lucky.outcome == "passed"
    assert lucky.reasons[1] == "with 60 labelled objects this may be chance: more gate data would tell"


def test_the_allowed_drop_is_the_callers(output: Make) -> None:
    evidence = Evidence(precision="int8", outputs=(output(sqnr_db=15.0),), accuracy=accuracy(3.0))
    assert judge(evidence, Limits(max_drop=3.5)).outcome == "passed"
    assert judge(evidence, Limits(max_drop=0.5)).outcome == "failed"


@pytest.mark.parametrize(("matched", "outcome"), [(40, "passed"), (39, "failed")])
def test_without_labels_four_of_five_boxes_must_match(output: Make, matched: int, outcome: str) -> None:
    found = verdict("int8", output(sqnr_db=15.0), boxes=boxes(50, matched))
    assert (found.outcome, found.decided_by) == (outcome, "boxes")


def test_with_fewer_than_50_boxes_there_is_too_little_to_judge_by(output: Make) -> None:
    found = verdict("int8", output(sqnr_db=15.0), boxes=boxes(49, 0))
    assert (found.outcome, found.passed) == ("undecided", True)
    assert found.reasons == ("too little to judge by: 49 boxes of the source, 50 are needed",)


def test_a_file_that_shows_boxes_everywhere_fails_although_it_matches_all(output: Make) -> None:
    found = verdict("int8", output(sqnr_db=15.0), boxes=boxes(60, 60, variant=500))
    assert found.outcome == "failed"
    assert "88% of its 500 boxes are not the source's" in found.reasons[1]


def test_a_network_of_unknown_task_is_undecided_above_6_db(output: Make) -> None:
    assert verdict("int8", output(sqnr_db=15.0)).outcome == "undecided"


def test_a_file_that_gives_exactly_what_its_source_gives_needs_no_task(output: Make) -> None:
    same = output(sqnr_db=None, max_abs_error=0.0)
    found = verdict("int8", same, boxes=boxes(0, 0))
    assert (found.outcome, found.decided_by) == ("passed", "error")
    assert found.reasons == ("no value of any output differs from the source's",)
    assert verdict("int8", same, output(sqnr_db=15.0)).outcome == "undecided"


def test_the_sources_own_file_needs_no_task_although_other_kernels_differ(output: Make) -> None:
    found = verdict("int8", output(sqnr_db=43.5), copied=True)
    assert (found.outcome, found.decided_by) == ("passed", "copy")
    assert verdict("int8", output(sqnr_db=5.0), copied=True).outcome == "failed"


def test_outputs_that_are_the_same_everywhere_prove_nothing_even_where_they_are_exact(output: Make) -> None:
    found = verdict("int8", output(sqnr_db=None, max_abs_error=0.0, constant=True, source_constant=True))
    assert (found.outcome, found.decided_by) == ("failed", "values")


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"not_finite": 3}, "3 values that are not finite"),
        ({"constant": True}, "the same value everywhere"),
        ({"constant": True, "source_constant": True}, "as the source's has: that proves nothing"),
        ({"stuck": True}, "the same for every input"),
    ],
)
def test_broken_values_fail_at_every_precision(
    output: Make, precision: str, changes: dict[str, object], reason: str
) -> None:
    found = verdict(precision, output(), output(name="bad", **changes), accuracy=accuracy(0))
    assert (found.outcome, found.decided_by) == ("failed", "values")
    assert "'bad'" in found.reasons[0]
    assert reason in found.reasons[0]


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_a_file_that_computes_better_with_colours_exchanged_fails(output: Make, precision: str) -> None:
    wrong = ColourFigures(inputs=8, fed_db=12.0, exchanged_db=15.5)
    found = verdict(precision, output(), colour=wrong, accuracy=accuracy(0))
    assert (found.outcome, found.decided_by) == ("failed", "colour")
    grey = ColourFigures(inputs=8, fed_db=15.0, exchanged_db=15.0)
    assert verdict(precision, output(), colour=grey, accuracy=accuracy(0)).passed


def test_a_file_that_computes_nonsense_either_way_is_not_said_to_want_other_colours(output: Make) -> None:
    nonsense = ColourFigures(inputs=8, fed_db=-5.0, exchanged_db=-2.0)
    assert verdict("int8", output(sqnr_db=-5.0), colour=nonsense).decided_by == "sqnr"


def test_an_exact_file_passes_and_one_that_is_not_zero_where_the_source_is_fails(output: Make) -> None:
    exact = output(sqnr_db=None, max_abs_error=0.0)
    assert verdict("fp16", exact).outcome == "passed"
    assert verdict("fp16", output(sqnr_db=None, max_abs_error=2.0)).outcome == "failed"


def test_saturation_is_told_with_a_bad_sqnr(output: Make) -> None:
    assert "37% of its values are at the ends" in verdict("int8", output(sqnr_db=1.0, saturated_share=0.37)).reasons[0]


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_lists_in_order_of_score_are_judged_by_their_boxes(output: Make, precision: str) -> None:
    shuffled = output(name="boxes", sqnr_db=-3.0, max_abs_error=9.0)
    count = output(name="count", constant=True, source_constant=True)
    found = verdict(precision, shuffled, count, boxes=boxes(100, 95), comparable=False)
    assert (found.outcome, found.decided_by) == ("passed", "boxes")

"""Rows held against limits: each failing is named, and what is not certain is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from skerry_boards.loader import load_board
from skerry_edge.bench.recommendation.boards import target_of

Make = Callable[..., Any]


def test_a_row_within_all_limits_has_no_problem(judged: Make, row: Make, accuracies: Make) -> None:
    (one,) = judged([row("fp32", 49.0)], accuracies(fp32=0.0))
    assert (one.problems, one.cautions, one.on_front) == ((), (), True)


def test_a_row_exactly_at_both_limits_keeps_to_them(judged: Make, row: Make, accuracies: Make) -> None:
    (one,) = judged([row("int8", 50.0)], accuracies(int8=1.0))
    assert one.problems == ()


@pytest.mark.parametrize(("quantile", "expected"), [("p50", 0), ("p90", 0), ("p95", 0), ("p99", 1), ("max", 1)])
def test_the_quantile_that_was_asked_for_decides(
    judged: Make, row: Make, accuracies: Make, wanted: Make, quantile: str, expected: int
) -> None:
    (one,) = judged([row("fp32", 40.0)], accuracies(fp32=0.0), wanted(quantile=quantile))
    assert len(one.problems) == expected


def test_too_slow_and_too_inexact_are_told_with_their_numbers(judged: Make, row: Make, accuracies: Make) -> None:
    (one,) = judged([row("int8", 80.0)], accuracies(int8=2.5))
    assert [problem.kind for problem in one.problems] == ["fps", "drop"]
    assert one.problems[0].words == "takes 80.0 ms, of 50.0 allowed"
    assert one.problems[1].words == "loses 2.5 points, of 1 allowed"


def test_a_row_without_figures_says_why_and_is_not_on_the_front(judged: Make, row: Make, accuracies: Make) -> None:
    broken, fine = judged([row("int8"), row("fp32", 10.0)], accuracies(int8=0.0, fp32=0.0))
    assert [problem.words for problem in broken.problems] == ["was not measured: the process crashed"]
    assert (broken.on_front, fine.on_front) == (False, True)


def test_a_variant_of_unknown_accuracy_is_out_and_not_on_the_front(judged: Make, row: Make, accuracies: Make) -> None:
    known = accuracies(fp32=0.0)
    known.missing["int8"] = "failed: it hung"
    told, untold, _ = judged([row("int8", 5.0), row("int8x16", 5.0), row("fp32", 10.0)], known)
    assert [problem.words for problem in told.problems] == ["has no known accuracy: failed: it hung"]
    assert untold.problems[0].words == "has no known accuracy: not in a table"
    assert not told.on_front


def test_an_interval_beyond_the_limit_is_a_caution(judged: Make, row: Make, accuracies: Make) -> None:
    rows = [row("wide", 10.0), row("narrow", 10.0), row("unknown", 10.0)]
    wide, narrow, unknown = judged(
        rows, accuracies(wide=(0.5, -0.5, 1.5), narrow=(0.5, 0.0, 1.0), unknown=(0.5, None, None))
    )
    assert wide.cautions == ("its drop may be above 1 point (95 % interval -0.5 to 1.5)",)
    assert narrow.cautions == ()
    assert unknown.cautions == ("how certain its drop is was not measured",)


def test_a_disturbed_row_is_cautioned(judged: Make, row: Make, accuracies: Make) -> None:
    (one,) = judged([row("fp32", 10.0, disturbed=("the processor was throttled",))], accuracies(fp32=0.0))
    assert one.cautions == ("its times were disturbed: the processor was throttled",)
    assert one.problems == ()


def test_what_the_board_cannot_run_is_out_of_the_front(
    judged: Make, row: Make, accuracies: Make, machine: Make
) -> None:
    target = target_of(load_board("raspberry-pi-5"), machine(architecture="x86_64"))
    fast, slow = judged(
        [row("vino", 5.0), row("lite", 10.0)],
        accuracies(vino=0.0, lite=0.0),
        target=target,
        formats={"vino": "openvino", "lite": "tflite"},
    )
    assert fast.kinds == {"board"}
    assert "raspberry-pi-5 names no runtime for openvino files" in fast.problems[0].words
    assert (fast.on_front, slow.on_front) == (False, True)


def test_what_ran_on_the_board_can_run_there_whatever_its_profile_says(
    judged: Make, row: Make, accuracies: Make, machine: Make
) -> None:
    target = target_of(load_board("raspberry-pi-5"), machine("Raspberry Pi 5 Model B Rev 1.0"))
    (one,) = judged([row("vino", 5.0)], accuracies(vino=0.0), target=target, formats={"vino": "openvino"})
    assert one.problems == ()


def test_times_of_another_machine_do_not_rule_out_a_rate_on_the_board(
    judged: Make, row: Make, accuracies: Make, machine: Make
) -> None:
    rows, known = [row("fp32", 80.0)], accuracies(fp32=0.0)
    board = load_board("raspberry-pi-5")
    (elsewhere,) = judged(rows, known, target=target_of(board, machine(architecture="x86_64")))
    (there,) = judged(rows, known, target=target_of(board, machine("Raspberry Pi 5 Model B Rev 1.0")))
    assert elsewhere.problems == ()
    assert there.kinds == {"fps"}


def test_more_memory_than_the_smallest_board_has_is_a_problem(
    judged: Make, row: Make, accuracies: Make, machine: Make
) -> None:
    target = target_of(load_board("raspberry-pi-5"), machine(architecture="x86_64"))
    big, small = judged(
        [row("big", 10.0, peak_memory_mb=2200.0), row("small", 10.0, peak_memory_mb=2100.0)],
        accuracies(big=0.0, small=0.0),
        target=target,
    )
    assert [problem.words for problem in big.problems] == ["takes 2,200 MB of memory, raspberry-pi-5 has 2,147"]
    assert small.problems == ()

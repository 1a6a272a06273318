"""The reasons in words: each tells what really decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from skerry_edge.bench.recommendation.picking import pick
from skerry_edge.bench.recommendation.reasoning import neighbours, reason_against, why_not

Make = Callable[..., Any]


@pytest.fixture
def reasons(judged: Make, wanted: Make) -> Make:
    """Return a function that gives why each other candidate is not the pick, by name."""

    def tell(rows: list[Any], known: Any, *, provisional: bool = False) -> dict[str, str]:
        candidates = judged(rows, known)
        chosen = pick(candidates, wanted(), provisional=provisional)
        assert chosen is not None
        others = [one for one in candidates if one is not chosen]
        return {one.name: why_not(one, chosen, wanted(), provisional=provisional) for one in others}

    return tell


def test_each_of_the_others_has_its_own_reason(reasons: Make, row: Make, accuracies: Make) -> None:
    rows = [row("fp32", 60.0), row("fp16", 40.0), row("int8", 10.0), row("int4", 5.0), row("alike", 45.0)]
    known = accuracies(fp32=0.0, fp16=0.2, int8=(0.8, 0.6, 1.0), int4=3.0, alike=0.2)
    assert reasons(rows, known) == {
        "fp32": "takes 60.0 ms, of 50.0 allowed",
        "int8": "is faster at 10.0 ms, but loses 0.6 points more",
        "int4": "loses 3.0 points, of 1 allowed",
        "alike": "is no better as far as the pictures tell, and takes 45.0 ms",
    }


def test_a_faster_one_whose_drop_is_not_certain_says_so(reasons: Make, row: Make, accuracies: Make) -> None:
    rows = [row("fp32", 40.0), row("int8", 10.0)]
    assert reasons(rows, accuracies(fp32=0.0, int8=(0.2, -0.8, 1.2))) == {
        "int8": "is faster at 10.0 ms, but is less certain to keep to the drop"
    }


def test_of_equals_the_larger_says_so(reasons: Make, row: Make, accuracies: Make) -> None:
    rows = [row("a", 10.0, size_bytes=1000), row("b", 10.0, size_bytes=2000)]
    assert reasons(rows, accuracies(a=0.0, b=0.0)) == {"b": "is no smaller"}


def test_neighbours_are_the_next_on_the_front_on_both_sides(
    judged: Make, row: Make, accuracies: Make, wanted: Make
) -> None:
    rows = [row("a", 10.0), row("b", 20.0), row("c", 30.0), row("off", 25.0), row("d", 45.0), row("e", 48.0)]
    candidates = judged(rows, accuracies(a=0.9, b=0.7, c=0.5, off=0.8, d=0.3, e=0.1))
    told = tuple(msgspec.structs.replace(one, why_not="is another") for one in candidates)
    assert [one.name for one in neighbours(told[2], told)] == ["d", "b"]


def test_that_times_were_disturbed_is_said_where_the_rate_decided(
    judged: Make, row: Make, accuracies: Make, wanted: Make
) -> None:
    disturbed = judged([row("fp32", 60.0, disturbed=("load",))], accuracies(fp32=0.0))
    quiet = judged([row("fp32", 60.0)], accuracies(fp32=0.0))
    assert "on a quiet machine they may be shorter" in reason_against(disturbed, wanted())
    assert "quiet" not in reason_against(quiet, wanted())


def test_where_nothing_has_both_figures_that_is_the_reason(
    judged: Make, row: Make, accuracies: Make, wanted: Make
) -> None:
    told = reason_against(judged([row("fp32")], accuracies(fp32=0.0)), wanted(board="raspberry-pi-5"))
    assert told.startswith("No variant has both a time and an accuracy")
    assert told.endswith("on raspberry-pi-5.")

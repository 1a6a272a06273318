"""The rule: certain first, then the most accurate, then the fastest of those that cannot be told apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from skerry_edge.bench.recommendation.picking import concessions, pick

Make = Callable[..., Any]


@pytest.fixture
def picked(judged: Make, wanted: Make) -> Make:
    """Return a function that judges rows and gives the name of the pick."""

    def choose(rows: list[Any], known: Any, *, provisional: bool = False) -> str | None:
        chosen = pick(judged(rows, known), wanted(), provisional=provisional)
        return None if chosen is None else chosen.name

    return choose


def test_the_most_accurate_of_those_that_are_fast_enough_is_picked(picked: Make, row: Make, accuracies: Make) -> None:
    rows = [row("fp32", 60.0), row("fp16", 40.0), row("int8", 10.0)]
    assert picked(rows, accuracies(fp32=0.0, fp16=0.2, int8=0.8)) == "fp16"


def test_of_those_that_the_pictures_cannot_tell_apart_the_fastest_is_picked(
    picked: Make, row: Make, accuracies: Make
) -> None:
    rows = [row("fp32", 40.0), row("fp16", 30.0), row("int8", 10.0)]
    assert picked(rows, accuracies(fp32=0.0, fp16=(0.1, -0.1, 0.3), int8=(0.4, 0.2, 0.6))) == "fp16"


def test_drops_that_every_table_shows_alike_are_one(picked: Make, row: Make, accuracies: Make) -> None:
    assert picked([row("a", 40.0), row("b", 10.0)], accuracies(a=0.30, b=0.34)) == "b"
    assert picked([row("a", 40.0), row("b", 10.0)], accuracies(a=0.30, b=0.36)) == "a"


def test_what_certainly_keeps_to_the_drop_comes_before_what_may_not(picked: Make, row: Make, accuracies: Make) -> None:
    rows = [row("fp32", 40.0), row("int8", 10.0)]
    assert picked(rows, accuracies(fp32=0.0, int8=(0.2, -0.8, 1.2))) == "fp32"
    assert picked(rows, accuracies(fp32=0.0, int8=(0.2, -0.4, 0.8))) == "int8"


def test_what_may_not_keep_to_the_drop_is_picked_where_nothing_else_does(
    picked: Make, row: Make, accuracies: Make
) -> None:
    rows = [row("fp32", 60.0), row("int8", 10.0)]
    assert picked(rows, accuracies(fp32=0.0, int8=(0.2, -0.8, 1.2))) == "int8"


def test_of_equals_the_smallest_is_picked(picked: Make, row: Make, accuracies: Make) -> None:
    rows = [row("a", 10.0, size_bytes=2000), row("b", 10.0, size_bytes=1000), row("c", 10.0, size_bytes=1500)]
    assert picked(rows, accuracies(a=0.0, b=0.0, c=0.0)) == "b"


def test_a_provisional_pick_is_the_fastest_within_the_drop(picked: Make, row: Make, accuracies: Make) -> None:
    rows = [row("fp32", 40.0), row("int8", 10.0), row("worse", 5.0)]
    assert picked(rows, accuracies(fp32=0.0, int8=0.8, worse=3.0), provisional=True) == "int8"


def test_nothing_is_picked_where_nothing_fits(picked: Make, row: Make, accuracies: Make) -> None:
    assert picked([row("fp32", 60.0), row("int8", 10.0)], accuracies(fp32=0.0, int8=2.0)) is None


def test_what_would_have_to_give_is_as_little_as_possible(
    judged: Make, row: Make, accuracies: Make, wanted: Make
) -> None:
    rows = [row("fp32", 90.0), row("fp16", 61.0), row("int8", 10.0), row("int4", 5.0), row("slow", 99.0)]
    found = concessions(judged(rows, accuracies(fp32=0.0, fp16=0.1, int8=1.3, int4=4.0, slow=9.0)), wanted())
    assert [(one.row, one.fps, one.drop_points) for one in found] == [("fp16", 16.3, None), ("int8", None, 1.3)]


@pytest.mark.parametrize("latency_ms", [61.0, 333.3, 0.7, 1e3 / 30, 7.0])
def test_a_concession_that_is_made_is_enough(
    picked: Make, judged: Make, row: Make, accuracies: Make, wanted: Make, latency_ms: float
) -> None:
    rows, known = [row("fp32", latency_ms)], accuracies(fp32=0.0)
    (given,) = concessions(judged(rows, known, wanted(fps=5000.0)), wanted(fps=5000.0))
    again = wanted(fps=given.fps)
    assert pick(judged(rows, known, again), again, provisional=False) is not None


def test_where_each_limit_alone_would_not_do_both_have_to_give(
    judged: Make, row: Make, accuracies: Make, wanted: Make
) -> None:
    candidates = judged([row("fp32", 70.0), row("int8", 60.0)], accuracies(fp32=4.0, int8=2.0))
    (given,) = concessions(candidates, wanted())
    assert (given.row, given.fps, given.drop_points) == ("int8", 16.6, 2.0)
    assert "both limits would have to give" in given.words


def test_what_only_lacks_an_accuracy_is_worth_measuring(
    judged: Make, row: Make, accuracies: Make, wanted: Make
) -> None:
    found = concessions(judged([row("fp32", 90.0), row("int8", 10.0)], accuracies(fp32=0.0)), wanted())
    assert found[-1].words == "int8 is fast enough; its accuracy would have to be measured"

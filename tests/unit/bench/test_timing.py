"""Stage timings: bounded, by the schema's names, with quantiles by the nearest rank."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.bench.timing import WINDOW, StageTimer, quantiles
from skerry_edge.contracts.messages import STAGES, Quantiles


def test_the_quantiles_of_one_to_a_hundred_are_themselves() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert quantiles(values) == Quantiles(p50=50.0, p95=95.0, p99=99.0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7.0], Quantiles(p50=7.0, p95=7.0, p99=7.0)),
        ([1.0, 2.0], Quantiles(p50=1.0, p95=2.0, p99=2.0)),
        ([3.0, 1.0, 2.0], Quantiles(p50=2.0, p95=3.0, p99=3.0)),
    ],
)
def test_a_few_values_give_the_nearest_rank(values: list[float], expected: Quantiles) -> None:
    assert quantiles(values) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300))
def test_each_quantile_is_the_least_value_that_so_many_do_not_exceed(values: list[float]) -> None:
    found = quantiles(values)
    for percent, value in ((50, found.p50), (95, found.p95), (99, found.p99)):
        wanted = math.ceil(percent * len(values) / 100)
        assert value in values
        assert sum(one <= value for one in values) >= wanted
        assert sum(one < value for one in values) < wanted


def test_no_values_have_no_quantiles() -> None:
    with pytest.raises(ValueError, match="no values"):
        quantiles([])


def test_values_are_kept_by_stage_and_taken_once() -> None:
    timer = StageTimer()
    timer.add("inference", 5.0)
    timer.add("inference", 7.0)
    timer.add("capture", 1.0)
    assert timer.last() == {"capture": 1.0, "inference": 7.0}
    assert timer.take() == {
        "capture": Quantiles(p50=1.0, p95=1.0, p99=1.0),
        "inference": Quantiles(p50=5.0, p95=7.0, p99=7.0),
    }
    assert timer.take() == {}
    assert timer.last() == {}


def test_a_stage_outside_the_schema_is_refused() -> None:
    with pytest.raises(KeyError):
        StageTimer().add("coffee", 1.0)


def test_only_the_newest_values_are_kept() -> None:
    timer = StageTimer()
    for value in range(WINDOW + 500):
        timer.add(STAGES[0], float(value))
    taken = timer.take()[STAGES[0]]
    assert taken.p50 == 500 + math.ceil(WINDOW / 2) - 1


def test_a_body_is_timed_and_one_that_fails_is_not_recorded() -> None:
    timer = StageTimer()
    with timer.measure("inference"):
        pass
    assert timer.last()["inference"] >= 0.0
    fresh = StageTimer()
    with pytest.raises(RuntimeError), fresh.measure("inference"):
        raise RuntimeError("no")
    assert fresh.last() == {}

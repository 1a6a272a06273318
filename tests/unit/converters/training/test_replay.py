"""Which pictures are in memory at which point of a run."""

from __future__ import annotations

from skerry_converters.training.replay import ReplayPlan


def plan(*, capacity: int = 100, first: int = 40, reuse: int = 4, length: int | None = None) -> ReplayPlan:
    return ReplayPlan(capacity=capacity, first=first, reuse=reuse, length=length)


def test_training_begins_with_the_first_pictures() -> None:
    assert plan().window(0) == range(40)


def test_one_picture_comes_for_each_that_was_used_often_enough() -> None:
    assert plan().window(80) == range(60)


def test_the_oldest_leave_once_memory_is_full() -> None:
    assert plan().window(1000) == range(190, 290)


def test_a_data_set_that_fits_into_memory_comes_once_and_stays() -> None:
    small = plan(length=30)
    assert small.window(0) == range(30)
    assert small.window(10_000) == range(30)
    assert plan(length=60).window(10_000) == range(60)


def test_a_larger_data_set_goes_round_and_round() -> None:
    assert plan(length=150).window(10_000) == range(2440, 2540)

"""Waits between attempts."""

from __future__ import annotations

import pytest

from skerry_edge.agent.backoff import Backoff, is_worth_logging


def test_waits_double_up_to_the_longest() -> None:
    backoff = Backoff(first_s=1.0, max_s=10.0)
    assert [backoff.delay_s(failures, 1.0) for failures in (1, 2, 3, 4, 5, 6)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_chance_takes_away_at_most_half() -> None:
    backoff = Backoff(first_s=2.0, max_s=60.0)
    assert backoff.delay_s(1, 0.0) == 1.0
    assert backoff.delay_s(1, 0.5) == 1.5


def test_full_jitter_leaves_the_whole_wait_to_chance() -> None:
    backoff = Backoff(first_s=2.0, max_s=60.0, chance_share=1.0)
    assert [backoff.delay_s(2, chance) for chance in (0.0, 0.25, 1.0)] == [0.0, 1.0, 4.0]


def test_a_row_of_any_length_is_bounded() -> None:
    assert Backoff().delay_s(10**9, 1.0) == 60.0


@pytest.mark.parametrize(("failures", "worth"), [(1, True), (2, True), (3, False), (4, True), (7, False), (64, True)])
def test_failures_are_logged_ever_more_seldom(failures: int, worth: bool) -> None:
    assert is_worth_logging(failures) is worth

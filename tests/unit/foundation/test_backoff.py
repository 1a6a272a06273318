"""Waits between attempts."""

from __future__ import annotations

import bisect
import random

import pytest

from skerry_edge.foundation.backoff import Backoff, is_worth_logging


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


def test_a_fleet_that_lost_its_broker_at_one_moment_does_not_come_back_at_one() -> None:
    spread = Backoff(first_s=5.0, chance_share=1.0)
    chances = random.Random(5)
    for outage_s, most in ((0.0, 0.22), (5.0, 0.14), (30.0, 0.05)):
        arrivals = sorted(_arrival_s(spread, outage_s, chances) for _ in range(2000))
        in_a_second = max(bisect.bisect(arrivals, one + 1.0) - index for index, one in enumerate(arrivals))
        assert in_a_second / len(arrivals) <= most, f"of all devices, in the worst second after {outage_s:.0f} s"


def _arrival_s(backoff: Backoff, outage_s: float, chances: random.Random) -> float:
    """Return how long after the broker's return a device is back."""
    now_s, failures = 0.0, 0
    while True:
        failures += 1
        now_s += backoff.delay_s(failures, chances.random())
        if now_s >= outage_s:
            return now_s - outage_s

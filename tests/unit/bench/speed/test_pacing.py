"""How many calls to run, and when there have been enough."""

from __future__ import annotations

import pytest

from skerry_edge.bench.speed.pacing import Amount, calls_for, is_settled


@pytest.mark.parametrize(("call_ms", "calls"), [(1.0, 250), (100.0, 2), (5000.0, 1), (0.0, 100_000)])
def test_a_block_holds_as_many_calls_as_fill_it_and_at_least_one(call_ms: float, calls: int) -> None:
    assert calls_for(call_ms) == calls


def test_calls_are_warm_when_three_blocks_are_alike() -> None:
    cold, warm = [9.0, 30.0], [5.0, 5.1]
    assert not is_settled([warm, warm])
    assert not is_settled([cold, warm, warm])
    assert is_settled([cold, warm, warm, warm])


def test_one_slow_call_does_not_keep_a_block_from_being_alike() -> None:
    assert is_settled([[5.0, 5.0, 5.0], [5.1, 5.1, 400.0], [5.0, 5.0, 5.0]])


def test_both_calls_and_seconds_are_needed() -> None:
    amount = Amount(calls=100, duration_s=2.0)
    assert amount.share_done(50, 10.0) == 0.5
    assert amount.share_done(1000, 1.0) == 0.5
    assert amount.share_done(100, 2.0) == 1.0


def test_no_seconds_at_all_leave_the_calls() -> None:
    assert Amount(calls=1, duration_s=0.0).share_done(1, 0.0) == 1.0

"""The consumer's decisions: how long it waits before it connects again."""

from __future__ import annotations

from skerry_server.ingest.consumer import FIRST_RETRY_S, LAST_RETRY_S, STABLE_AFTER_S, retry_delay_s


def test_failures_in_a_row_wait_longer_and_longer_up_to_a_bound():
    delays_s, delay_s = [], None
    for _ in range(12):
        delay_s = retry_delay_s(delay_s, lasted_s=0.0)
        delays_s.append(delay_s)
    assert delays_s[:3] == [FIRST_RETRY_S, 2 * FIRST_RETRY_S, 4 * FIRST_RETRY_S]
    assert delays_s[-1] == LAST_RETRY_S


def test_a_connection_that_held_makes_the_next_failure_the_first_of_a_row():
    assert retry_delay_s(LAST_RETRY_S, lasted_s=STABLE_AFTER_S) == FIRST_RETRY_S

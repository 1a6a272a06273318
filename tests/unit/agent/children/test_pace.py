"""How soon silence is a hang."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.agent.children.pace import (
    HALF_LIFE_S,
    LEARNED_AFTER_BEATS,
    SHORTEST_S,
    TIMES_LONGEST,
    Pace,
    beat,
    patience_s,
)


def paced(silences_s: list[float]) -> Pace:
    pace = Pace()
    for at_s in accumulate([100.0, *silences_s]):
        pace = beat(pace, at_s)
    return pace


def test_a_child_whose_pace_is_not_known_has_the_whole_time() -> None:
    assert patience_s(paced([0.1] * (LEARNED_AFTER_BEATS - 2)), 5.0) == 5.0


def test_a_steady_child_is_soon_missed() -> None:
    assert patience_s(paced([0.1] * LEARNED_AFTER_BEATS), 5.0) == SHORTEST_S


def test_a_slow_network_is_given_the_time_that_it_takes() -> None:
    assert patience_s(paced([1.0] * LEARNED_AFTER_BEATS), 60.0) == TIMES_LONGEST


def test_one_long_silence_is_remembered_and_fades() -> None:
    after_it = paced([0.1] * LEARNED_AFTER_BEATS + [1.0] + [0.1] * 10)
    assert patience_s(after_it, 60.0) > 0.98 * TIMES_LONGEST
    later = paced([1.0] + [0.1] * int(10 * HALF_LIFE_S))
    assert patience_s(later, 60.0) < 0.6 * TIMES_LONGEST


@given(st.lists(st.floats(0.0, 100.0), max_size=80), st.floats(0.1, 1000.0))
def test_it_is_never_longer_than_allowed_nor_shorter_than_the_last_silence_asks_for(
    silences_s: list[float], limit_s: float
) -> None:
    patience = patience_s(paced(silences_s), limit_s)
    assert 0 < patience <= limit_s
    assert patience >= min(limit_s, SHORTEST_S, max(silences_s[-1:], default=0.0))

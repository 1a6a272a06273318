"""How soon silence is told of, and how soon it is a hang."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.agent.children.pace import (
    HALF_LIFE_S,
    LEARNED_AFTER_STEPS,
    QUIET_S,
    SHORTEST_S,
    TIMES_LONGEST,
    TIMES_SLOWEST,
    TOLD_AFTER_S,
    UNLEARNED_S,
    Pace,
    beat,
    begun,
    patience_s,
    tell_due_s,
    told,
)

STEADY = [0.1] * (LEARNED_AFTER_STEPS + 1)


def paced(silences_s: list[float], *, first_s: float | None = None, idle_s: tuple[float, ...] = ()) -> Pace:
    """Return the pace after work that took so long each, and then beats without work, so long apart."""
    pace = begun(100.0, first_s)
    for silence_s in silences_s:
        pace = beat(pace, pace.last_s + silence_s, has_worked=True)
    for silence_s in idle_s:
        pace = beat(pace, pace.last_s + silence_s, has_worked=False)
    return pace


def test_a_child_whose_pace_is_not_known_has_the_whole_time() -> None:
    assert patience_s(paced([0.1] * (LEARNED_AFTER_STEPS - 1)), 5.0) == 5.0


def test_a_steady_child_is_soon_missed() -> None:
    assert patience_s(paced(STEADY), 5.0) == SHORTEST_S


def test_the_trial_run_of_its_model_tells_how_soon_one_that_has_just_begun_is_missed() -> None:
    assert patience_s(paced([0.1], first_s=0.05), 5.0) == UNLEARNED_S
    assert patience_s(paced([0.1], first_s=2.0), 60.0) == TIMES_LONGEST * 2.0
    assert patience_s(paced([], first_s=0.05), 5.0) == 5.0, "its source is still to be opened"


def test_a_slow_network_is_given_the_time_that_it_takes() -> None:
    assert patience_s(paced([1.0] * LEARNED_AFTER_STEPS), 60.0) == TIMES_LONGEST


def test_one_long_silence_is_remembered_and_fades_but_not_below_the_slowest_step() -> None:
    after_it = paced([*STEADY, 1.0, *[0.1] * 10])
    assert patience_s(after_it, 60.0) > 0.98 * TIMES_LONGEST
    later = paced([1.0] + [0.1] * int(10 * HALF_LIFE_S))
    assert patience_s(later, 60.0) == pytest.approx(TIMES_LONGEST * 0.5, rel=0.1)
    assert patience_s(paced([1.0] + [0.1] * int(40 * HALF_LIFE_S)), 60.0) == TIMES_SLOWEST


def test_a_quiet_time_teaches_nothing_shorter_and_what_follows_it_has_the_whole_time() -> None:
    slow = [1.0] * LEARNED_AFTER_STEPS
    shut_gate = paced(slow, idle_s=(0.2,) * int(600 / 0.2))
    assert patience_s(shut_gate, 60.0) == 60.0
    resumed = beat(shut_gate, shut_gate.last_s + 3.0, has_worked=True)
    assert patience_s(resumed, 60.0) == TIMES_LONGEST * 3.0
    assert patience_s(paced(slow, idle_s=(0.2,) * 20), 60.0) == TIMES_LONGEST, "it is quiet between two frames, too"


def test_a_child_that_looks_rarely_is_given_the_whole_time_each_time() -> None:
    rarely = paced(STEADY, idle_s=(0.2,) * int(QUIET_S / 0.2 + 1))
    assert patience_s(rarely, 5.0) == 5.0


def test_a_silence_is_told_of_once_and_sooner_than_it_is_taken_for_a_hang() -> None:
    young = paced([0.1, 0.1], first_s=0.05)
    assert tell_due_s(young) == young.last_s + TOLD_AFTER_S < young.last_s + patience_s(young, 5.0)
    young, words = told(young, young.last_s + 2.0)
    assert words == "no progress for 2 s, usually 0.1 s"
    assert tell_due_s(young) == float("inf")
    young = beat(young, young.last_s + 0.2, has_worked=False)
    assert tell_due_s(young) == young.last_s + TOLD_AFTER_S


def test_a_slow_network_is_told_of_after_twice_its_time() -> None:
    slow = paced([2.0] * LEARNED_AFTER_STEPS)
    assert tell_due_s(slow) - slow.last_s == 4.0


@given(
    st.lists(st.tuples(st.floats(0.0, 100.0), st.booleans()), max_size=80),
    st.floats(0.1, 1000.0),
    st.none() | st.floats(0.0, 100.0),
)
def test_it_is_never_longer_than_allowed_nor_shorter_than_any_step_so_far(
    beats: list[tuple[float, bool]], limit_s: float, first_s: float | None
) -> None:
    pace = begun(100.0, first_s)
    for silence_s, has_worked in beats:
        pace = beat(pace, pace.last_s + silence_s, has_worked=has_worked)
    patience = patience_s(pace, limit_s)
    assert 0 < patience <= limit_s
    assert patience >= min(limit_s, max(SHORTEST_S, pace.slowest_s))

"""When a child that loads is told to be slow, and when it is taken for hung."""

from __future__ import annotations

import math

from skerry_edge.agent.children.loading import (
    HUNG_AFTER_S,
    HUNG_TIMES,
    TOLD_AFTER_S,
    TOLD_UNKNOWN_S,
    Loading,
    hung_reason,
    patience_s,
    reached,
    tell_due_s,
    times_until,
    told,
)

USUAL = {"program": 0.5, "model": 10.0, "first-inference": 0.1}
FIRST = Loading(since_s=100.0, usual_s=USUAL)  # type: ignore[arg-type]


def test_each_stage_is_judged_by_its_own_usual_length() -> None:
    model = reached(FIRST, "model", 100.5)
    assert [patience_s(FIRST), patience_s(model)] == [HUNG_AFTER_S, HUNG_TIMES * 10.0]
    assert tell_due_s(model) == 100.5 + 20.0
    assert tell_due_s(reached(model, "first-inference", 110.0)) == 110.0 + TOLD_AFTER_S
    assert hung_reason(model) == "hung while opening its model: not done within 40 s, usually 10 s"


def test_a_stage_that_was_never_timed_is_told_of_and_left_alone() -> None:
    unknown = Loading(since_s=0.0)
    assert (tell_due_s(unknown), patience_s(unknown)) == (TOLD_UNKNOWN_S, math.inf)
    _, words = told(unknown, 5.0)
    assert words == "starting its program for 5 s, which has not been timed here before"


def test_a_slow_stage_is_told_again_each_time_its_length_has_doubled() -> None:
    loading, due_s = reached(FIRST, "first-inference", 0.0), []
    for _ in range(3):
        due_s.append(tell_due_s(loading))
        loading, _ = told(loading, tell_due_s(loading))
    assert due_s == [TOLD_AFTER_S, 2 * TOLD_AFTER_S, 4 * TOLD_AFTER_S]


def test_what_was_learned_at_the_end_is_how_long_each_stage_took() -> None:
    loading = reached(reached(FIRST, "model", 101.0), "first-inference", 105.0)
    assert times_until(loading, 105.5) == {"program": 1.0, "model": 4.0, "first-inference": 0.5}

"""When upkeep takes its next step, and what is told of how it gets on."""

from __future__ import annotations

import pytest

from skerry_server.upkeep.schedule import IDLE_S, Course, after_failure, after_step, pause_s


def test_upkeep_takes_at_most_half_of_the_time_while_there_is_work():
    busy = after_step(Course(), "9 windows", is_done=False, now_ms=1)
    assert pause_s(busy, took_s=3.0) == 3.0
    assert pause_s(busy, took_s=0.0) > 0


def test_without_work_it_looks_once_in_a_while_and_still_tells_what_it_did_last():
    done = after_step(
        after_step(Course(), "9 windows", is_done=False, now_ms=1), "nothing to do", is_done=True, now_ms=2
    )
    assert pause_s(done, took_s=9.0) == IDLE_S
    assert (done.detail, done.steps, done.done_ms) == ("9 windows", 2, 2)


def test_failures_in_a_row_wait_longer_and_longer_within_bounds():
    course, waits = Course(), []
    for _ in range(12):
        course = after_failure(course, "the disk is full", now_ms=1)
        waits.append(pause_s(course, took_s=0.1))
    assert waits[:3] == [5.0, 10.0, 20.0]
    assert waits[-1] == 600.0
    assert (course.detail, course.failures) == ("the disk is full", 12)


@pytest.mark.parametrize(("asked", "waited"), [(60.0, 60.0), (1.0, 5.0)])
def test_a_store_that_asked_to_be_left_alone_is(asked, waited):
    assert pause_s(after_failure(Course(), "busy", now_ms=1), took_s=0.1, asked_for_s=asked) == waited


def test_a_step_that_went_well_ends_a_row_of_failures():
    course = after_step(after_failure(Course(), "away", now_ms=1), "nothing to do", is_done=True, now_ms=2)
    assert (course.failures, course.detail) == (0, "nothing to do")

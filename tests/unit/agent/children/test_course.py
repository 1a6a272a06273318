"""What a child's failure means for its backend, and the other way round."""

from __future__ import annotations

from skerry_edge.agent.children import course, supervision
from skerry_edge.agent.children.course import Course
from skerry_edge.agent.children.failover import FAILURES_BEFORE_NEXT
from skerry_edge.agent.children.supervision import STABLE_AFTER_S, Deadlines
from skerry_edge.agent.line.blame import Blame
from skerry_edge.foundation.backoff import Backoff

DEADLINES = Deadlines(start_s=60.0, progress_s=5.0)


def failed(before: Course, blame: Blame, now_s: float = 100.0) -> Course:
    return course.failed(before, now_s, blame, "so it was", backoff=Backoff(first_s=8.0), chance=1.0)


def running(before: Course, now_s: float = 100.0) -> Course:
    life = supervision.spawned(before.life, now_s, DEADLINES)
    return Course(life=supervision.became_ready(life, now_s, DEADLINES), choices=before.choices)


NEW = course.course_of(("edgetpu", "onnx"))


def test_a_backend_that_is_left_costs_no_wait_and_one_that_is_kept_does() -> None:
    left, kept = failed(NEW, "hang"), failed(NEW, "backend")
    assert (course.current_backend(left), left.life.due_s) == ("onnx", 100.0)
    assert (course.current_backend(kept), kept.life.due_s) == ("edgetpu", 108.0)


def test_a_wrong_configuration_is_told_as_such_and_never_costs_the_backend_its_place() -> None:
    failing = NEW
    for _ in range(2 * FAILURES_BEFORE_NEXT):
        failing = failed(failing, "configuration")
    assert course.current_backend(failing) == "edgetpu"
    assert course.trouble(failed(NEW, "configuration")) == "wrong configuration: so it was"


def test_a_child_that_has_run_long_enough_clears_its_backend_of_what_was_before() -> None:
    once = running(failed(NEW, "backend"))
    soon = course.progressed(once, 101.0, DEADLINES, frames=1)
    late = course.progressed(once, 100.0 + STABLE_AFTER_S, DEADLINES, frames=1)
    assert course.current_backend(failed(soon, "backend")) == "onnx"
    assert course.current_backend(failed(late, "backend")) == "edgetpu"


def test_a_way_back_is_looked_for_only_from_a_later_backend_that_works() -> None:
    second = running(failed(NEW, "hang"))
    assert not course.may_return(second), "it has not done any work yet"
    assert course.may_return(course.progressed(second, 101.0, DEADLINES, frames=1))
    assert not course.may_return(running(NEW))

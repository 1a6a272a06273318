"""The supervisor's decisions."""

from __future__ import annotations

from skerry_edge.agent.children.supervision import (
    HELD_AFTER,
    HOLD,
    MAX_REASON_CHARS,
    STABLE_AFTER_S,
    Deadlines,
    Life,
    became_ready,
    device_status,
    due_action,
    ended,
    failed,
    interrupted,
    is_held,
    moved_on,
    overdue_reason,
    pardoned,
    progressed,
    spawned,
    stage_reached,
    vitals_state,
)
from skerry_edge.foundation.backoff import Backoff

DEADLINES = Deadlines(start_s=60.0, progress_s=5.0)
BACKOFF = Backoff(first_s=1.0, max_s=60.0)


def running(now_s: float = 100.0) -> Life:
    return became_ready(spawned(Life(), now_s, DEADLINES), now_s, DEADLINES)


def test_a_new_pipeline_is_started_at_once() -> None:
    assert due_action(Life(), 0.0) == "spawn"


def test_a_child_has_its_time_to_become_ready_and_is_killed_after_it() -> None:
    life = spawned(Life(), 100.0, DEADLINES)
    assert due_action(life, 159.9) is None
    assert due_action(life, 160.0) == "kill"
    assert overdue_reason(life, DEADLINES) == "not ready within 60 s (start_deadline_s)"


def test_a_stage_of_loading_has_its_own_deadline_within_that_of_the_whole() -> None:
    quick = Deadlines(start_s=60.0, progress_s=5.0, stage_s=2.5, hung="hung while opening its model")
    life = stage_reached(spawned(Life(), 100.0, DEADLINES), 110.0, quick)
    assert (due_action(life, 112.4), due_action(life, 112.5)) == (None, "kill")
    assert overdue_reason(life, quick) == "hung while opening its model"
    late = stage_reached(life, 159.0, quick)
    assert due_action(late, 160.0) == "kill"
    assert overdue_reason(late, quick) == "not ready within 60 s (start_deadline_s)"


def test_a_beat_before_the_model_has_run_moves_no_deadline() -> None:
    life = spawned(Life(), 100.0, DEADLINES)
    assert progressed(life, 150.0, DEADLINES, frames=1) == life


def test_each_beat_moves_the_deadline_and_its_absence_kills() -> None:
    life = progressed(running(100.0), 104.0, DEADLINES, frames=1)
    assert due_action(life, 108.9) is None
    assert due_action(life, 109.0) == "kill"
    assert overdue_reason(life, DEADLINES) == "no progress for 5 s (progress_deadline_s)"
    learned = Deadlines(start_s=60.0, progress_s=1.5, is_learned=True)
    assert overdue_reason(life, learned) == "no progress for 1.5 s (learned from its pace)"


def test_a_failed_child_waits_and_then_starts_again() -> None:
    life = failed(running(100.0), 110.0, "it broke", BACKOFF, 1.0)
    assert due_action(life, 110.9) is None
    assert due_action(life, 111.0) == "spawn"


def test_failures_in_a_row_wait_longer() -> None:
    first = failed(running(), 110.0, "it broke", BACKOFF, 1.0)
    second = failed(became_ready(spawned(first, 111.0, DEADLINES), 111.0, DEADLINES), 112.0, "again", BACKOFF, 1.0)
    assert second.due_s - 112.0 == 2.0


def test_a_child_that_ran_long_enough_begins_a_new_row() -> None:
    life = failed(running(), 110.0, "it broke", BACKOFF, 1.0)
    life = became_ready(spawned(life, 111.0, DEADLINES), 111.0, DEADLINES)
    assert progressed(life, 111.0 + STABLE_AFTER_S - 1, DEADLINES, frames=1).failures == 1
    assert progressed(life, 111.0 + STABLE_AFTER_S, DEADLINES, frames=1).failures == 0


def test_only_work_done_makes_a_failing_pipeline_well() -> None:
    life = failed(running(), 110.0, "it broke", BACKOFF, 1.0)
    life = became_ready(spawned(life, 111.0, DEADLINES), 111.0, DEADLINES)
    assert vitals_state(life) == "failing"
    assert vitals_state(progressed(life, 112.0, DEADLINES, frames=0)) == "failing"
    assert vitals_state(progressed(life, 112.0, DEADLINES, frames=1)) == "running"


def test_a_pipeline_that_never_failed_is_starting_until_it_is_ready() -> None:
    assert vitals_state(Life()) == "starting"
    assert vitals_state(spawned(Life(), 0.0, DEADLINES)) == "starting"
    assert vitals_state(running()) == "running"


def test_an_ended_pipeline_stays_ended_whatever_comes_late() -> None:
    life = ended(running(), 110.0)
    late = [
        became_ready(life, 111.0, DEADLINES),
        progressed(life, 111.0, DEADLINES, frames=1),
        failed(life, 111.0, "killed", BACKOFF, 1.0),
    ]
    assert [vitals_state(one) for one in late] == ["ended"] * 3
    assert [due_action(one, 1e9) for one in late] == [None] * 3


def test_leaving_a_backend_is_a_failure_without_a_wait() -> None:
    life = moved_on(running(), 110.0, "it hung")
    assert (due_action(life, 110.0), life.failures, life.reason) == ("spawn", 1, "it hung")


def test_the_end_for_anothers_sake_is_no_failure_and_costs_no_wait() -> None:
    life = interrupted(running(), 110.0, "gate hung")
    assert (due_action(life, 110.0), life.failures, vitals_state(life)) == ("spawn", 0, "failing")


def failing(times: int) -> Life:
    life = Life()
    for _ in range(times):
        life = failed(spawned(life, 100.0, DEADLINES), 110.0, "it broke", BACKOFF, 0.0)
    return life


def test_after_many_failures_in_a_row_a_pipeline_is_tried_only_rarely_and_says_so() -> None:
    last_before = failing(HELD_AFTER - 1)
    assert not is_held(last_before)
    assert last_before.due_s - 110.0 <= BACKOFF.max_s
    held = failing(HELD_AFTER)
    assert is_held(held)
    assert held.due_s - 110.0 == HOLD.first_s / 2
    assert held.reason == f"held after {HELD_AFTER} failures in a row, next try in 2 min: it broke"
    assert failing(1000).due_s - 110.0 <= HOLD.max_s


def test_a_pipeline_that_works_again_is_not_held_and_one_try_that_lasts_ends_the_row() -> None:
    life = became_ready(spawned(failing(HELD_AFTER), 500.0, DEADLINES), 500.0, DEADLINES)
    assert is_held(progressed(life, 501.0, DEADLINES, frames=0))
    works = progressed(life, 502.0, DEADLINES, frames=1)
    assert not is_held(works)
    assert is_held(failed(works, 503.0, "again", BACKOFF, 0.0))
    lasts = progressed(works, 500.0 + STABLE_AFTER_S, DEADLINES, frames=1)
    assert not is_held(failed(lasts, 570.0, "once", BACKOFF, 0.0))


def test_a_deadline_is_given_again_where_the_machine_stood_still() -> None:
    assert due_action(pardoned(running(100.0), 130.0, DEADLINES), 134.9) is None


def test_a_device_is_online_when_nothing_is_wrong() -> None:
    assert device_status([]) == ("online", None)


def test_a_degraded_device_names_every_pipeline_in_trouble() -> None:
    assert device_status([("gate", "it broke"), ("ear", "no sound")]) == ("degraded", "gate: it broke; ear: no sound")


def test_a_reason_fits_the_contract_however_many_pipelines_are_in_trouble() -> None:
    _, reason = device_status([(f"p{index}", "x" * 500) for index in range(20)])
    assert reason is not None
    assert len(reason) == MAX_REASON_CHARS

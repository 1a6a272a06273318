"""Which backend a pipeline runs on, and when it goes back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.agent.children import failover
from skerry_edge.agent.children.failover import (
    FAILURES_BEFORE_NEXT,
    FIRST_RETURN_S,
    MAX_RETURN_S,
    Blame,
    Choices,
    choices_of,
    failed,
    has_moved_on,
    is_return_due,
    name_of,
    return_wait_s,
    returned,
    second_choice,
    stable,
    trial_failed,
    trying,
)

THREE = choices_of(("edgetpu", "litert", "onnx"))


def after(choices: Choices, *blames: Blame, now_s: float = 100.0) -> Choices:
    for blame in blames:
        choices = failed(choices, now_s, blame, f"{blame} it was")
    return choices


def current(choices: Choices) -> str | None:
    return name_of(choices, choices.current)


def test_the_first_choice_is_tried_first_and_is_no_trouble() -> None:
    assert current(THREE) == "edgetpu"
    assert second_choice(THREE) is None


def test_a_hang_and_a_missing_backend_lead_to_the_next_at_once() -> None:
    for blame in ("hang", "missing"):
        moved = after(THREE, blame)
        assert current(moved) == "litert"
        assert has_moved_on(THREE, moved)


def test_a_failure_is_forgiven_once_in_a_row() -> None:
    once = after(THREE, "backend")
    assert not has_moved_on(THREE, once)
    assert current(once) == "edgetpu"
    assert current(after(once, "backend")) == "litert"
    assert current(after(stable(once), "backend")) == "edgetpu"


def test_what_is_not_the_backends_fault_never_costs_it_its_place() -> None:
    assert current(after(THREE, *["elsewhere"] * 50)) == "edgetpu"


def test_the_trouble_names_the_backend_that_runs_and_why_it_is_not_the_first() -> None:
    assert second_choice(after(THREE, "missing", "hang")) == (
        "runs on onnx instead of edgetpu (edgetpu: missing it was; litert: hang it was)"
    )


def test_when_nothing_is_left_all_are_tried_again_from_the_first_and_not_at_once() -> None:
    last = after(THREE, "hang", "hang")
    over = after(last, "hang")
    assert current(over) == "edgetpu"
    assert not has_moved_on(last, over)


def test_without_named_backends_there_is_one_choice_and_its_failures_end_nothing() -> None:
    only = choices_of(())
    failing = after(only, "hang", "missing", "backend", "backend")
    assert current(failing) is None
    assert not has_moved_on(only, failing)
    assert second_choice(failing) is None


def test_the_first_choice_is_tried_again_after_a_while_and_what_is_nearer_to_it_next() -> None:
    third = after(THREE, "missing", "hang", now_s=100.0)
    assert not is_return_due(third, 100.0 + FIRST_RETURN_S - 1)
    assert is_return_due(third, 100.0 + FIRST_RETURN_S)
    trial = trying(third)
    assert not is_return_due(trial, 1e9), "one trial at a time"
    nearer = trial_failed(trial, 170.0, "still not there")
    assert name_of(nearer, nearer.candidate) == "litert"
    back = returned(nearer, 171.0)
    assert current(back) == "litert"
    assert second_choice(back) == "runs on litert instead of edgetpu (edgetpu: still not there)"


def test_back_on_the_first_choice_all_is_well() -> None:
    back = returned(trying(after(THREE, "hang")), 200.0)
    assert (current(back), second_choice(back)) == ("edgetpu", None)
    assert not is_return_due(back, 1e9)


def test_each_return_that_fails_doubles_the_wait() -> None:
    choices, waits = after(THREE, "hang"), []
    for _ in range(9):
        due_s = choices.return_due_s
        choices = trial_failed(trying(choices), due_s, "still stuck")
        waits.append(choices.return_due_s - due_s)
    assert waits[:3] == [2 * FIRST_RETURN_S, 4 * FIRST_RETURN_S, 8 * FIRST_RETURN_S]
    assert waits[-1] == MAX_RETURN_S


def test_a_return_that_does_not_last_counts_as_failed_and_one_that_does_begins_anew() -> None:
    away = after(THREE, "hang", now_s=0.0)
    back = returned(trying(away), 60.0)
    soon, late = failed(back, 60.0 + FIRST_RETURN_S, "hang", "again"), failed(back, 1e5, "hang", "again")
    assert soon.return_due_s - (60.0 + FIRST_RETURN_S) == 2 * FIRST_RETURN_S
    assert late.return_due_s - 1e5 == FIRST_RETURN_S


ACTS = st.sampled_from(["missing", "hang", "backend", "elsewhere", "stable", "try", "trial-failed", "returned"])


def act(choices: Choices, what: str, now_s: float) -> Choices:
    if what == "stable":
        return stable(choices)
    if what == "try":
        return trying(choices) if is_return_due(choices, now_s) else choices
    if what == "trial-failed":
        return trial_failed(choices, now_s, "no")
    if what == "returned":
        return returned(choices, now_s)
    return failed(choices, now_s, what, "so it was")  # type: ignore[arg-type]


@given(count=st.integers(0, 4), acts=st.lists(st.tuples(ACTS, st.floats(0.0, 5000.0)), max_size=60))
def test_whatever_happens_the_choice_is_sound(count: int, acts: list[tuple[str, float]]) -> None:
    backends = tuple(f"backend-{index}" for index in range(count))
    choices, now_s = choices_of(backends), 0.0
    for what, pause_s in acts:
        now_s += pause_s
        before, choices = choices, act(choices, what, now_s)
        assert 0 <= choices.current < max(1, count)
        assert 0 <= choices.failures < FAILURES_BEFORE_NEXT
        assert choices.reasons[choices.current] is None, "nothing is held against the backend in use"
        assert choices.candidate is None or choices.candidate < choices.current, "only what is better is tried beside"
        assert (choices.current == 0) == (choices.return_due_s == float("inf"))
        assert (second_choice(choices) is None) == (choices.current == 0)
        if has_moved_on(before, choices):
            assert choices.current != before.current


@given(blames=st.lists(st.sampled_from(["missing", "hang", "backend"]), min_size=6, max_size=40))
def test_failures_alone_bring_every_choice_to_its_turn(blames: list[Blame]) -> None:
    choices, seen = THREE, {0}
    for blame in blames:
        choices = failed(choices, 0.0, blame, "so it was")
        seen.add(choices.current)
    assert seen == {0, 1, 2}


@given(st.integers(0, 10**6))
def test_the_wait_for_a_return_never_shrinks_and_is_bounded(returns: int) -> None:
    assert FIRST_RETURN_S <= return_wait_s(returns) <= return_wait_s(returns + 1) <= MAX_RETURN_S


def test_a_trial_that_was_given_up_comes_to_its_turn_again() -> None:
    trial = trying(after(THREE, "hang"))
    assert is_return_due(failover.untried(trial), 1e9)

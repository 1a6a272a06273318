"""What follows for a rollout from how it stands."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skerry_edge.foundation.errors import ConfigError
from skerry_server.rollouts.planner import MAX_DEVICES, Compare, Enter, Move, Order, Settle, TimeOut, decide
from skerry_server.rollouts.states import DEVICE_STATES, ROLLOUT_STATES, UNDER_WAY

OUTCOMES = ("commit", "roll back", "refuse", "fail", "silent")
FAR = 24 * 60
"""Minutes after which nothing can be under way any more: stages times the longest deadline are far less."""


def fleet(count, outcome="commit", after=1):
    return {f"cam-{number:03d}": (outcome, after) for number in range(count)}


def test_a_good_release_goes_to_the_canary_then_step_by_step_to_all(world, spec):
    there = world(spec(), fleet(12))
    assert there.sizes == [2, 3, 7]
    seen = []
    while there.progress.state == "running":
        there.minute()
        seen.append(len(there.touched))
    assert [count for count, _ in itertools.groupby(seen)] == [2, 5, 12]
    assert (there.progress.state, set(there.states().values())) == ("done", {"committed"})


def test_a_release_that_every_device_undoes_is_paused_after_the_canary(world, spec):
    there = world(spec(), fleet(500, "roll back")).run(FAR)
    assert there.progress.state == "paused"
    assert there.failure.reason == "success-share"
    assert len(there.touched) == there.sizes[0] == 2


def test_silence_counts_as_failure_when_its_time_is_over(world, spec):
    there = world(spec(), fleet(20, "silent"))
    there.run(15)
    assert there.progress.state == "running"
    there.run(1)
    assert there.progress.state == "paused"
    assert list(there.states().values()).count("timed-out") == 2


def test_it_is_paused_as_soon_as_the_share_cannot_be_reached_and_not_later(world, spec):
    behaviours = fleet(20, "commit", after=5)
    there = world(spec(canary="10", gates={"success_percent": 80.0}), behaviours)
    canaries = [name for name, one in there.members.items() if one.stage == 0]
    for name in canaries[:2]:
        behaviours[name] = ("fail", 1)
    there.run(3)
    assert there.progress.state == "running", "two of ten may fail"
    behaviours[canaries[2]] = ("fail", 1)
    there.run(1)
    assert there.progress.state == "paused"


def test_a_pause_takes_back_the_orders_that_nobody_has_answered(progress, member):
    members = [
        member("a", state="failed", ended_ms=5),
        member("b", state="ordered", deadline_ms=99),
        member("c", state="ordered", deadline_ms=99, has_begun=True),
    ]
    held, paused = decide(progress(), members, now_ms=10)
    assert held == Settle(("b",), "waiting")
    assert (paused.state, paused.failure.reason) == ("paused", "success-share")


def test_a_rollout_that_undoes_itself_orders_back_whoever_took_the_release(world, spec):
    behaviours = fleet(30)
    there = world(spec(canary="10", rolls_back=True), behaviours)
    canaries = [name for name, one in there.members.items() if one.stage == 0]
    behaviours[canaries[0]], behaviours[canaries[1]] = ("fail", 2), ("silent", 0)
    there.run(FAR)
    states = there.states()
    assert there.progress.state == "rolled-back"
    assert [states[name] for name in canaries[:2]] == ["failed", "left-out"]
    assert {states[name] for name in canaries[2:]} == {"returned"}
    assert {state for name, state in states.items() if name not in canaries} == {"left-out"}


def test_a_device_that_ran_nothing_before_cannot_go_back(progress, member):
    (action,) = decide(progress(state="rolling-back"), [member(state="committed", from_version=None)], now_ms=1)
    assert (action.state, action.reason) == ("not-returned", "no-earlier-version")


def test_whoever_takes_the_release_after_the_end_is_ordered_back_too(progress, member):
    (action,) = decide(progress(state="rolled-back"), [member(state="committed", ended_ms=5)], now_ms=9)
    assert type(action).__name__ == "Return"


def test_soak_and_crash_free_hours_hold_the_next_stage_back(progress, spec, member):
    members = [member("a", state="committed", ended_ms=0), member("b", stage=1)]
    soaking = progress(spec=spec(gates={"soak_s": 60, "crash_free_hours": 1.0}))
    assert decide(soaking, members, now_ms=3_599_999) == []
    assert decide(soaking, members, now_ms=3_600_000) == [Enter(1)]


def test_a_crash_after_the_commit_counts_against_the_stage_that_is_under_way(progress, member):
    members = [
        member("a", state="committed", ended_ms=0, unsound_ms=50),
        member("b", state="ordered", stage=1, deadline_ms=99),
    ]
    *_, move = decide(progress(stage=1), members, now_ms=60)
    assert "1 of them after they had taken it" in move.failure.detail


@pytest.mark.parametrize(
    ("new", "old", "reason"),
    [
        ((10.0, 0.8, 50), (10.0, 0.8, 50), None),
        ((15.0, 0.8, 50), (10.0, 0.8, 50), None),
        ((15.1, 0.8, 50), (10.0, 0.8, 50), "latency"),
        ((None, 0.8, 50), (10.0, 0.8, 50), "no-telemetry"),
        ((10.0, 0.69, 50), (10.0, 0.8, 50), "confidence"),
        ((10.0, None, 0), (10.0, 0.8, 50), "no-telemetry"),
        ((10.0, 0.8, 19), (10.0, 0.8, 50), "no-telemetry"),
    ],
)
def test_telemetry_of_the_release_is_held_against_that_of_the_version_before(
    progress, spec, member, figures, new, old, reason
):
    there = progress(spec=spec(gates={"latency_ratio": 1.5, "confidence_drop": 0.1, "minimum_events": 20}))
    members = [member("a", state="committed", ended_ms=0), member("b", stage=1)]
    assert decide(there, members, now_ms=1) == [Compare()]
    (action,) = decide(there, members, now_ms=1, comparison=figures(new, old))
    assert action == Enter(1) if reason is None else action.failure.reason == reason


def test_a_stage_of_silent_devices_that_is_excused_by_percent_still_needs_its_sample(progress, spec, member):
    members = [member(name, state="timed-out", ended_ms=0) for name in "ab"] + [member("c", state="committed")]
    there = progress(spec=spec(gates={"success_percent": 30.0, "minimum_sample": 2}))
    (action,) = decide(there, members, now_ms=1)
    assert action.failure.reason == "minimum-sample"
    assert decide(progress(spec=there.spec, excused_stage=0), members, now_ms=1) == [Enter(1)]


def test_a_resumed_rollout_is_paused_again_by_new_failures_alone(progress, member):
    old = [member(name, state="failed", ended_ms=5) for name in "ab"]
    resumed = progress(excused_ms=7, excused_stage=0)
    assert decide(resumed, old, now_ms=8) == [Enter(1)]
    (action,) = decide(resumed, [*old, member("c", state="failed", ended_ms=8)], now_ms=8)
    assert action.state == "paused"


def test_a_large_stage_is_ordered_over_several_turns(progress, member):
    members = [member(f"cam-{number}") for number in range(MAX_DEVICES + 1)]
    (action,) = decide(progress(), members, now_ms=1)
    assert len(action.devices) == MAX_DEVICES


def test_a_large_stage_that_fails_is_taken_back_over_several_turns_and_paused_with_the_last(progress, member):
    members = [member(f"cam-{number}", state="ordered", deadline_ms=99) for number in range(MAX_DEVICES + 1)]
    failed = [member(f"bad-{number}", state="failed", ended_ms=1) for number in range(100)]
    (first,) = decide(progress(), [*failed, *members], now_ms=2)
    assert len(first.devices) == MAX_DEVICES
    left = [one for one in members if one.device not in first.devices]
    held = [member(device) for device in first.devices]
    last, paused = decide(progress(), [*failed, *held, *left], now_ms=2)
    assert (len(last.devices), paused.state) == (1, "paused")


def test_a_device_out_of_service_is_left_out(progress, member):
    assert decide(progress(), [member(is_gone=True), member("b")], now_ms=1) == [
        Settle(("cam-1",), "left-out", "decommissioned")
    ]


@pytest.mark.parametrize(("state", "device"), list(itertools.product(ROLLOUT_STATES, DEVICE_STATES)))
def test_every_state_of_every_device_has_an_answer_and_none_is_under_way_past_its_deadline(
    progress, member, state, device
):
    late = member(state=device, deadline_ms=10, ended_ms=3)
    actions = decide(progress(state=state, stages=1), [late], now_ms=10)
    assert (actions == [TimeOut(("cam-1",))]) == (device in UNDER_WAY)
    if state in ("draft", "paused") and device not in UNDER_WAY:
        assert actions == []
    orders = [one for one in actions if isinstance(one, Order)]
    assert bool(orders) == (state == "running" and device == "waiting")


def test_a_device_under_way_without_a_deadline_is_timed_out_at_once(progress, member):
    assert decide(progress(), [member(state="ordered", deadline_ms=None)], now_ms=1) == [TimeOut(("cam-1",))]


fleets = st.lists(
    st.tuples(st.sampled_from(OUTCOMES), st.integers(min_value=0, max_value=30)), min_size=1, max_size=40
).map(lambda found: {f"cam-{number:03d}": one for number, one in enumerate(found)})
shapes = st.fixed_dictionaries(
    {
        "canary": st.sampled_from(["1", "5", "10%", "50%"]),
        "steps": st.lists(st.sampled_from(["1", "4", "20%", "100%"]), min_size=1, max_size=3),
        "rolls_back": st.booleans(),
    }
)


@settings(max_examples=150, deadline=None)
@given(
    behaviours=fleets, shape=shapes, percent=st.sampled_from([0.0, 50.0, 90.0, 100.0]), back=st.sampled_from(OUTCOMES)
)
def test_whatever_devices_do_each_of_them_ends_and_so_does_the_rollout(world, spec, behaviours, shape, percent, back):
    there = world(spec(**shape, gates={"success_percent": percent}), behaviours, way_back=back)
    there.run(len(there.sizes) * 20 + 40)
    assert there.progress.state in ("done", "paused", "rolled-back")
    assert not set(there.states().values()) & set(UNDER_WAY)
    assert sum(there.sizes) == len(behaviours)
    if there.progress.state == "done":
        assert "waiting" not in there.states().values()


@settings(max_examples=150, deadline=None)
@given(behaviours=fleets, shape=shapes, percent=st.sampled_from([50.0, 90.0, 100.0]))
def test_no_stage_begins_before_the_one_before_it_reached_its_share(world, spec, behaviours, shape, percent):
    there = world(spec(**shape, gates={"success_percent": percent}), behaviours)
    there.run(len(there.sizes) * 20 + 40)
    touched = {there.members[name].stage for name in there.touched}
    for number in touched - {0}:
        before = [name for name, one in there.members.items() if one.stage == number - 1]
        good = sum(behaviours[name][0] == "commit" for name in before)
        assert good * 100 >= percent * len(before) - 1e-6, f"stage {number} must not have begun"


@settings(max_examples=100, deadline=None)
@given(count=st.integers(1, 60), shape=shapes, bad=st.sampled_from(OUTCOMES[1:]), lucky=st.booleans())
def test_a_bad_release_touches_at_most_the_canary_and_one_step(world, spec, count, shape, bad, lucky):
    """Lucky canaries take it well, so that only the first step finds out."""
    behaviours = fleet(count, bad)
    there = world(spec(**shape), behaviours)
    if lucky:
        for name, one in there.members.items():
            if one.stage == 0:
                behaviours[name] = ("commit", 1)
    there.run(len(there.sizes) * 20 + 40)
    assert len(there.touched) <= sum(there.sizes[: 2 if lucky else 1])
    assert there.progress.state != "done" or len(there.sizes) == 1


@settings(max_examples=80, deadline=None)
@given(count=st.integers(0, 80), shape=shapes)
def test_the_stages_hold_every_device_once(world, spec, count, shape):
    there = world(spec(**shape), fleet(count))
    assert sum(there.sizes) == count
    assert all(there.sizes)


def test_a_canary_group_that_nobody_of_the_target_is_in_is_told(world, spec):
    with pytest.raises(ConfigError, match="canary group"):
        world(spec(canary_group="cameras"), fleet(3))


def test_the_last_action_of_a_good_rollout_is_its_end(world, spec):
    there = world(spec(), fleet(4)).run(FAR)
    assert there.log[-1] == Move("done")

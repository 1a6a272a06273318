"""A server that was away, or heard nothing, holds that against no device."""

from __future__ import annotations

import json

import pytest

from skerry_server.registry.audit.trail import list_audit


def test_a_good_release_is_not_undone_because_the_server_was_away_longer_than_the_deadline(stage):
    rollout = stage.roll_out(rolls_back=True)
    stage.look()
    orders = stage.orders()
    stage.be_away(minutes=120)
    stage.look()
    assert set(stage.orders()) == set(orders), "the first look comes before what waited at the broker"
    for device, order in orders.items():
        stage.answer(device, order.id)
    stage.look(minutes=1)
    assert (stage.rollout(rollout).state, stage.rollout(rollout).stage) == ("running", 1)


def test_after_an_absence_a_device_has_the_time_that_it_had_left(stage):
    rollout = stage.roll_out()
    stage.look()
    stage.look(minutes=5)
    stage.be_away(minutes=60)
    stage.look(minutes=9)
    assert "timed-out" not in stage.states(rollout).values(), "ten of its fifteen minutes were left"
    stage.look(minutes=2)
    assert list(stage.states(rollout).values()).count("timed-out") == 2
    with stage.database.reading() as session:
        done = [row for row in list_audit(session, limit=9, subject=f"rollout {rollout}") if "put-off" in row.action]
    assert [json.loads(row.detail) for row in done] == [{"number": 2, "seconds": 3660}]


def test_one_whose_time_was_nearly_over_is_waited_for_until_what_was_said_before_has_come(stage):
    rollout = stage.roll_out()
    stage.look()
    stage.look(minutes=14)
    stage.be_away(minutes=60)
    stage.look(minutes=4)
    assert "timed-out" not in stage.states(rollout).values()
    stage.look(minutes=3)
    assert list(stage.states(rollout).values()).count("timed-out") == 2


def test_while_nobody_takes_in_what_devices_say_rollouts_wait_and_that_is_told(stage):
    rollout = stage.roll_out()
    stage.look()
    stage.hears = False
    stage.look(minutes=60)
    assert list(stage.states(rollout).values()).count("ordered") == 2
    assert "nobody takes in" in stage.health.remarks()["rollouts"]
    stage.hears = True
    stage.look(minutes=6)
    assert list(stage.states(rollout).values()).count("ordered") == 2
    assert "rollouts" not in stage.health.remarks()
    stage.look(minutes=10)
    assert list(stage.states(rollout).values()).count("timed-out") == 2


def test_the_way_back_does_not_wait_until_the_server_hears_again(stage):
    rollout = stage.roll_out()
    stage.look()
    stage.answer_all()
    stage.hears = False
    stage.do("roll_back", rollout)
    stage.look()
    assert {order.version for order in stage.orders().values()} == {"1.0.0"}
    stage.look(minutes=60)
    assert list(stage.states(rollout).values()).count("returning") == 2, "nobody is late while nobody hears"
    stage.answer_all(from_version="2.0.0", to_version="1.0.0")
    stage.look()
    assert stage.rollout(rollout).state == "rolled-back"


def test_a_bad_release_is_stopped_and_withdrawn_while_the_server_is_behind(stage):
    rollout = stage.roll_out(canary="3")
    stage.look()
    orders = stage.orders()
    bad = min(orders)
    stage.hears = False
    stage.answer(bad, orders[bad].id, "failed", reason="hash")
    stage.look()
    assert (stage.rollout(rollout).state, set(stage.orders())) == ("paused", {bad})


def test_a_soak_lasts_for_as_long_as_the_server_heard(stage):
    rollout = stage.roll_out(gates={"soak_s": 1800})
    stage.look()
    stage.answer_all()
    stage.look(minutes=10)
    stage.be_away(minutes=480)
    stage.look(minutes=19)
    assert stage.rollout(rollout).stage == 0, "twenty of its thirty minutes were left"
    stage.look(minutes=3)
    assert stage.rollout(rollout).stage == 1


def test_a_soak_that_is_over_when_the_server_comes_back_waits_for_what_is_still_to_come(stage):
    rollout = stage.roll_out(gates={"soak_s": 600, "crash_free_hours": 0.1})
    stage.look()
    one = min(stage.orders())
    stage.beat(one, crashes=3)
    stage.answer_all()
    stage.look(minutes=9)
    stage.be_away(minutes=480)
    stage.look(minutes=4)
    assert stage.rollout(rollout).stage == 0
    stage.beat(one, crashes=4)
    stage.look(minutes=3)
    assert (stage.rollout(rollout).state, stage.rollout(rollout).stage) == ("paused", 0)


def test_no_stage_goes_on_while_nobody_hears(stage):
    rollout = stage.roll_out()
    stage.look()
    stage.answer_all()
    stage.hears = False
    stage.look(minutes=60)
    assert (stage.rollout(rollout).state, stage.rollout(rollout).stage) == ("running", 0)


@pytest.mark.parametrize("minutes", [-300, 300])
def test_a_clock_that_is_set_costs_no_device_its_time(stage, minutes):
    rollout = stage.roll_out()
    stage.look()
    stage.be_away(minutes=minutes)
    stage.look(minutes=14)
    assert list(stage.states(rollout).values()).count("ordered") == 2
    stage.look(minutes=3)
    assert list(stage.states(rollout).values()).count("timed-out") == 2


def test_a_device_that_was_offline_while_the_server_was_away_is_not_said_to_have_fallen_silent(stage):
    rollout = stage.roll_out(gates={"soak_s": 0, "crash_free_hours": 1.0})
    stage.look()
    stage.answer_all()
    stage.look()
    stage.go_away(next(iter(stage.orders())))
    stage.be_away(minutes=30)
    stage.look(minutes=9)
    assert stage.rollout(rollout).state == "running"
    stage.look(minutes=2)
    assert stage.rollout(rollout).state == "paused"

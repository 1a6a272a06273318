"""Rollouts in either database: what people do with them, what the job makes of them, what devices answer."""

from __future__ import annotations

import pytest

from skerry_edge.foundation.errors import ConfigError
from skerry_server.config.retention import Retention
from skerry_server.errors import ConflictError, NotFoundError
from skerry_server.registry import retention
from skerry_server.registry.audit.chain import verify
from skerry_server.registry.audit.trail import list_audit
from skerry_server.registry.fleet.changes import decommission
from skerry_server.registry.orders.desired import newest_of, put_desired
from skerry_server.rollouts.candidates import read_candidates
from skerry_server.rollouts.changes import get_rollout
from skerry_server.rollouts.eligibility import plan
from skerry_server.rollouts.execution import Execution
from skerry_server.rollouts.planner import Order, Return, Settle, TimeOut
from skerry_server.rollouts.reading import list_rollouts
from skerry_server.rollouts.spec import read_spec


def test_a_release_reaches_the_canary_then_the_rest_and_ends(stage):
    rollout = stage.roll_out()
    assert stage.orders() == {}, "nothing is sent by whoever starts it"
    stage.look()
    assert len(stage.orders()) == 2
    order = next(iter(stage.orders().values()))
    assert (order.version, order.counter, order.probation_s, order.deadline_s) == ("2.0.0", 2, 60, 600)
    stage.answer_all()
    stage.look()
    assert len(stage.orders()) == 8
    stage.answer_all()
    stage.look()
    assert set(stage.states(rollout).values()) == {"committed"}
    row = stage.rollout(rollout)
    assert (row.state, row.ended_ms) == ("done", stage.now_ms)
    stage.look()
    assert stage.rollout(rollout).state == "done"


def test_a_bad_release_is_paused_with_the_canary_alone_touched_and_the_reason_told(stage):
    rollout = stage.roll_out()
    stage.look()
    stage.answer_all("rolled-back", reason="self-test", detail="the golden output differs")
    stage.look()
    row = stage.rollout(rollout)
    assert (row.state, row.reason) == ("paused", "success-share")
    assert len(stage.orders()) == 2
    ended = [one for one in stage.rows(rollout).values() if one.state == "rolled-back"]
    assert {(one.reason, one.detail) for one in ended} == {("self-test", "the golden output differs")}


def test_a_device_that_says_nothing_is_timed_out_and_its_order_is_withdrawn(stage):
    rollout = stage.roll_out()
    stage.look()
    late, heard = sorted(stage.orders())
    stage.answer(heard, stage.orders()[heard].id, "under-way", state="download", progress_bytes=5, total_bytes=9)
    stage.look(minutes=14)
    assert stage.states(rollout)[late] == "ordered"
    stage.look(minutes=2)
    assert (stage.states(rollout)[late], stage.states(rollout)[heard]) == ("timed-out", "timed-out")
    assert stage.orders() == {}


def test_what_comes_after_the_time_is_over_still_counts(stage):
    rollout = stage.roll_out(gates={"success_percent": 50.0, "soak_s": 0})
    stage.look()
    orders = stage.orders()
    stage.look(minutes=20)
    first, second = sorted(orders)
    stage.answer(first, orders[first].id)
    stage.answer(second, orders[second].id, "under-way", state="download")
    assert (stage.states(rollout)[first], stage.states(rollout)[second]) == ("committed", "timed-out")


def test_a_pause_withdraws_unanswered_orders_and_one_that_had_begun_is_not_lost(stage):
    rollout = stage.roll_out(canary="3")
    stage.look()
    orders = stage.orders()
    bad, silent, quick = sorted(orders)
    stage.answer(bad, orders[bad].id, "failed", reason="hash")
    stage.look()
    states = stage.states(rollout)
    assert (states[silent], states[quick], set(stage.orders())) == ("waiting", "waiting", {bad})
    stage.answer(quick, orders[quick].id, "under-way", state="probation")
    assert stage.states(rollout)[quick] == "ordered"
    stage.answer(quick, orders[quick].id)
    assert stage.states(rollout)[quick] == "committed"


def test_answers_that_come_twice_or_late_or_from_another_device_change_nothing(stage):
    rollout = stage.roll_out()
    stage.look()
    orders = stage.orders()
    one, other = sorted(orders)
    stage.answer(other, orders[one].id)
    assert stage.states(rollout)[one] == "ordered"
    stage.answer(one, "nobody-gave-this")
    stage.answer(one, orders[one].id)
    stage.answer(one, orders[one].id)
    stage.answer(one, orders[one].id, "failed", reason="hash")
    stage.answer(one, orders[one].id, "under-way", state="download")
    row = stage.rows(rollout)[one]
    assert (row.state, row.reason, [entry["what"] for entry in row.history]) == (
        "committed",
        None,
        ["ordered", "committed"],
    )


@pytest.mark.parametrize("lie", [{"kind": "agent"}, {"name": "words"}, {"to_version": "9.9.9"}])
def test_a_device_that_answers_with_another_release_has_not_answered(stage, lie):
    rollout = stage.roll_out()
    stage.look()
    device, order = next(iter(stage.orders().items()))
    stage.answer(device, order.id, "under-way", state="download", **lie)
    stage.answer(device, order.id, from_version="6.6.6", **lie)
    row = stage.rows(rollout)[device]
    assert (row.state, row.has_begun, row.from_version) == ("ordered", False, "1.0.0")


def test_where_a_device_came_from_otherwise_than_was_known_its_story_says_so(stage):
    rollout = stage.roll_out()
    stage.look()
    device, order = next(iter(stage.orders().items()))
    stage.answer(device, order.id, from_version="1.5.0")
    row = stage.rows(rollout)[device]
    assert (row.from_version, row.history[-1]["detail"]) == ("1.5.0", "from 1.5.0, not from 1.0.0 as was known")


@pytest.mark.parametrize("size", ["0%", "0.0%", "0.000%", "00%", "0"])
def test_a_share_of_nothing_is_no_size(stage, size):
    with pytest.raises(ConfigError):
        stage.spec(steps=[size])
    assert stage.spec(steps=["0.001%", "0.010%", "0.1%", "0.100%", "10%", "99.999%", "100%"])


def test_the_phases_of_a_device_are_kept_in_their_order_and_older_ones_are_passed_over(stage):
    rollout = stage.roll_out()
    stage.look()
    device, order = next(iter(stage.orders().items()))
    stage.answer(device, order.id, "under-way", state="download", progress_bytes=10, total_bytes=99)
    stage.answer(device, order.id, "under-way", state="download", progress_bytes=20, total_bytes=99)
    stage.seq = iter([1, 1, 50])
    stage.answer(device, order.id, "under-way", state="check")
    row = stage.rows(rollout)[device]
    assert (row.phase, row.progress_bytes) == ("download", 20)
    assert [entry["what"] for entry in row.history] == ["ordered", "download"]


def test_the_way_back_names_the_version_before_and_ends_by_itself(stage):
    rollout = stage.roll_out(rolls_back=True)
    stage.look()
    good, bad = sorted(stage.orders())
    stage.answer(good, stage.orders()[good].id)
    stage.answer(bad, stage.orders()[bad].id, "rolled-back", reason="crashed")
    stage.look()
    assert stage.rollout(rollout).state == "rolling-back"
    order = stage.orders()[good]
    assert order.version == "1.0.0"
    stage.answer(good, order.id, from_version="2.0.0", to_version="1.0.0")
    stage.look()
    states = stage.states(rollout)
    assert (stage.rollout(rollout).state, states[good], states[bad]) == ("rolled-back", "returned", "rolled-back")
    assert set(states.values()) == {"returned", "rolled-back", "left-out"}


def test_a_device_that_does_not_go_back_in_time_is_told_as_such(stage):
    rollout = stage.roll_out()
    stage.look()
    stage.answer_all()
    stage.do("roll_back", rollout)
    stage.look()
    stage.look(minutes=16)
    assert sorted(stage.states(rollout).values()) == ["left-out"] * 6 + ["not-returned"] * 2
    assert stage.rollout(rollout).state == "rolled-back"


def test_a_person_s_configuration_keeps_the_update_order_and_a_rollout_keeps_the_configuration(stage):
    stage.roll_out(canary="100%")
    with stage.database.transaction() as session:
        put_desired(session, stage.author(), "cam-00", config={"a": 1}, models={"camera": "tiny"})
    stage.look()
    with stage.database.transaction() as session:
        put_desired(session, stage.author(), "cam-00", config={"a": 2}, models={})
        held = newest_of(session, ["cam-00"])["cam-00"]
    assert (held.version, held.config, list(held.updates)) == (3, {"a": 2}, ["model/signs"])


def test_nobody_but_a_second_person_can_approve(stage):
    made = stage.do("create", stage.spec(needs_approval=True))
    with pytest.raises(ConflictError, match="needs the approval"):
        stage.do("start", made.id)
    with pytest.raises(ConflictError, match="cannot approve"):
        stage.do("approve", made.id)
    stage.do("approve", made.id, by="bob")
    with pytest.raises(ConflictError, match="approved before"):
        stage.do("approve", made.id, by="eve")
    assert stage.do("start", made.id).state == "running"


def test_of_one_model_one_rollout_is_open(stage):
    rollout = stage.roll_out()
    second = stage.do("create", stage.spec(version="3.0.0", counter=3))
    with pytest.raises(ConflictError, match=f"rollout {rollout}"):
        stage.do("start", second.id)
    stage.do("abort", rollout)
    assert stage.do("start", second.id).state == "running"
    with pytest.raises(ConflictError, match="later rollout"):
        stage.do("roll_back", rollout)


def test_an_aborted_rollout_lets_whoever_has_begun_end_and_withdraws_the_rest(stage):
    rollout = stage.roll_out()
    stage.look()
    begun, silent = sorted(stage.orders())
    orders = stage.orders()
    stage.answer(begun, orders[begun].id, "under-way", state="probation")
    stage.do("abort", rollout)
    stage.look()
    assert (stage.states(rollout)[begun], stage.states(rollout)[silent]) == ("ordered", "left-out")
    assert set(stage.orders()) == {begun}
    stage.answer(begun, orders[begun].id)
    stage.look()
    assert stage.states(rollout)[begun] == "committed"


def test_resuming_excuses_what_was_seen_and_retrying_orders_again(stage):
    rollout = stage.roll_out()
    stage.look()
    stage.answer_all("failed", reason="network")
    stage.look()
    first = {device: order.id for device, order in stage.orders().items()}
    assert stage.do("retry", rollout) == 2
    with pytest.raises(ConflictError, match="no such device has failed"):
        stage.do("retry", rollout)
    stage.do("resume", rollout)
    stage.look()
    again = stage.orders()
    assert set(again) == set(first)
    assert all(again[device].id != first[device] for device in first)
    stage.answer_all()
    stage.look()
    assert stage.rollout(rollout).stage == 1
    assert {row.attempts for row in stage.rows(rollout).values()} == {1, 2}


def test_what_a_device_says_again_of_the_order_before_undoes_no_retry(stage):
    rollout = stage.roll_out(canary="3")
    stage.look()
    orders = stage.orders()
    bad, late, good = sorted(orders)
    stage.answer(late, orders[late].id, "under-way", state="probation")
    stage.answer(good, orders[good].id)
    stage.answer(bad, orders[bad].id, "failed", reason="no-space")
    stage.look(minutes=20)
    assert (stage.rollout(rollout).state, stage.states(rollout)[late]) == ("paused", "timed-out")
    stage.do("retry", rollout)
    assert bad not in stage.orders()
    stage.answer(bad, orders[bad].id, "failed", reason="no-space")
    stage.answer(late, orders[late].id, "under-way", state="probation")
    assert (stage.states(rollout)[bad], stage.states(rollout)[late]) == ("waiting", "waiting")
    stage.do("resume", rollout)
    stage.look()
    again = stage.orders()
    assert {again[bad].id, again[late].id}.isdisjoint({orders[bad].id, orders[late].id})
    stage.answer_all()
    stage.look()
    assert (stage.rollout(rollout).state, stage.rollout(rollout).stage) == ("running", 1)


@pytest.mark.parametrize("said_before", [(), ("download",)])
def test_a_device_that_lets_go_of_an_order_taken_from_it_has_not_failed(stage, said_before):
    rollout = stage.roll_out(canary="3")
    stage.look()
    orders = stage.orders()
    bad, silent, _ = sorted(orders)
    stage.answer(bad, orders[bad].id, "failed", reason="hash")
    stage.look()
    for state in said_before:
        stage.answer(silent, orders[silent].id, "under-way", state=state)
    for _ in range(2):
        stage.answer(silent, orders[silent].id, "failed", reason="superseded")
    row = stage.rows(rollout)[silent]
    assert (row.state, row.reason) == ("waiting", None)
    assert [entry["what"] for entry in row.history] == ["ordered", "waiting", *said_before, "superseded"]
    stage.do("resume", rollout)
    stage.look()
    assert stage.orders()[silent].id != orders[silent].id


def test_an_order_that_only_the_device_gave_up_has_failed(stage):
    rollout = stage.roll_out()
    stage.look()
    device, order = next(iter(stage.orders().items()))
    stage.answer(device, order.id, "failed", reason="superseded")
    assert stage.states(rollout)[device] == "failed"


def test_a_way_back_that_comes_late_still_counts(stage):
    rollout = stage.roll_out()
    stage.look()
    stage.answer_all()
    stage.do("roll_back", rollout)
    stage.look()
    orders = stage.orders()
    stage.look(minutes=16)
    one, other = sorted(orders)
    stage.answer(one, orders[one].id, from_version="2.0.0", to_version="1.0.0")
    stage.answer(other, orders[other].id, "failed", reason="counter", from_version="2.0.0", to_version="1.0.0")
    rows = stage.rows(rollout)
    assert (rows[one].state, rows[one].reason) == ("returned", None)
    assert (rows[other].state, rows[other].reason) == ("not-returned", "counter")


def test_a_resumed_rollout_goes_on_past_the_failures_that_were_seen(stage):
    rollout = stage.roll_out()
    stage.look()
    stage.answer_all("failed", reason="network")
    stage.look()
    stage.do("resume", rollout)
    stage.look(minutes=1)
    assert (stage.rollout(rollout).state, stage.rollout(rollout).stage) == ("running", 1)


def test_a_device_taken_out_of_service_is_left_out(stage):
    rollout = stage.roll_out()
    waiting = next(device for device, row in stage.rows(rollout).items() if row.stage == 1)
    with stage.database.transaction() as session:
        decommission(session, stage.author(), waiting)
    stage.look()
    row = stage.rows(rollout)[waiting]
    assert (row.state, row.reason) == ("left-out", "decommissioned")


def test_who_has_lost_the_lease_changes_nothing(stage):
    stage.roll_out()
    stage.start_server("another")
    stage.look()
    assert stage.orders() == {}


def test_what_ingest_took_in_since_the_planner_looked_is_not_written_over(stage):
    rollout = stage.roll_out(canary="3")
    stage.look()
    orders = stage.orders()
    begun, done, silent = sorted(orders)
    stage.answer(begun, orders[begun].id, "under-way", state="download")
    stage.answer(done, orders[done].id)
    stale = [TimeOut((done,)), Settle((begun, done, silent), "left-out"), Order((done,)), Return((begun,))]
    with stage.database.transaction() as session:
        row = get_rollout(session, rollout)
        Execution(session, row, read_spec(row.spec), now_ms=stage.now_ms).carry_out(stale)
    states = stage.states(rollout)
    assert (states[begun], states[done], states[silent]) == ("ordered", "committed", "left-out")
    assert set(stage.orders()) == {begun, done}


def test_crashes_after_the_commit_stop_the_rollout(stage):
    rollout = stage.roll_out(gates={"soak_s": 0, "crash_free_hours": 1.0})
    stage.look()
    one = next(iter(stage.orders()))
    stage.beat(one, crashes=3)
    stage.answer_all()
    stage.look()
    assert stage.rollout(rollout).state == "running", "three crashes were before"
    stage.beat(one, crashes=4)
    stage.look(minutes=5)
    row = stage.rollout(rollout)
    assert (row.state, row.reason) == ("paused", "success-share")
    assert "after they had taken it" in row.detail


def test_silence_after_the_commit_stops_the_rollout(stage):
    rollout = stage.roll_out(gates={"soak_s": 0, "crash_free_hours": 1.0})
    stage.look()
    stage.answer_all()
    stage.look()
    stage.go_away(next(iter(stage.orders())))
    stage.look(minutes=9)
    assert stage.rollout(rollout).state == "running"
    stage.look(minutes=2)
    assert stage.rollout(rollout).state == "paused"


def test_telemetry_is_that_of_the_page_of_models(make_stage, points_of):
    slow = make_stage(store=points_of({"2.0.0": 30.0, "1.0.0": 20.0}))
    rollout = slow.roll_out(gates={"soak_s": 0, "latency_ratio": 1.2})
    slow.look()
    slow.answer_all()
    slow.look()
    row = slow.rollout(rollout)
    assert (row.state, row.reason) == ("paused", "latency")
    slow.do("resume", rollout)
    slow.look()
    assert slow.rollout(rollout).stage == 1, "whoever resumes has seen it"


def test_a_store_that_is_away_holds_the_rollout_back_and_is_told(make_stage, store_that_fails):
    there = make_stage(store=store_that_fails)
    rollout = there.roll_out(gates={"soak_s": 0, "latency_ratio": 1.2})
    there.look()
    there.answer_all()
    there.look()
    assert (there.rollout(rollout).state, there.rollout(rollout).stage) == ("running", 0)
    assert "no store" in str(there.health.remarks())


def test_everything_is_in_the_audit_and_its_chain_holds(stage):
    rollout = stage.roll_out()
    stage.look()
    stage.do("pause", rollout)
    stage.do("resume", rollout)
    stage.do("abort", rollout)
    stage.look()
    with stage.database.reading() as session:
        assert verify(session).faults == []
        done = [row.action for row in list_audit(session, limit=99, subject=f"rollout {rollout}")][::-1]
    assert done == [f"rollout.{act}" for act in ("create", "start", "order", "pause", "resume", "abort", "settle")]


def test_a_rollout_is_forgotten_when_it_has_long_ended_and_its_audit_stays(stage, monkeypatch):
    monkeypatch.setattr(retention, "BATCH_ROWS", 5)
    monkeypatch.setattr(retention, "MAX_BATCHES", 1)
    ended = stage.roll_out()
    stage.do("abort", ended)
    stage.look()
    lasting = stage.roll_out(version="3.0.0", counter=3)
    later_ms = stage.now_ms + 366 * retention.DAY_MS
    first = retention.purge(stage.database, Retention(), now_ms=later_ms)
    assert (first.rows["devices of rollouts"], first.rows["rollouts"], first.is_done) == (5, 0, False)
    rest = retention.purge(stage.database, Retention(), now_ms=later_ms)
    assert (rest.rows["devices of rollouts"], rest.rows["rollouts"], rest.is_done) == (3, 1, True)
    with stage.database.reading() as session:
        assert [row.id for row in list_rollouts(session, limit=9)] == [lasting]
        assert len(list_audit(session, limit=9, subject=f"rollout {ended}")) == 4
        assert verify(session).faults == []
    assert len(stage.rows(lasting)) == 8


def test_what_cannot_be_is_refused_with_its_reason(stage):
    with pytest.raises(NotFoundError, match="no such rollout"):
        stage.do("pause", 99)
    with pytest.raises(NotFoundError):
        stage.do("create", stage.spec(target={"groups": ["nobody"]}))
    with pytest.raises(ConflictError, match="no device is to get"):
        stage.roll_out(target={"boards": ["jetson"]})
    rollout = stage.roll_out()
    with pytest.raises(ConflictError, match="'running' cannot be resumed"):
        stage.do("resume", rollout)
    with pytest.raises(ConfigError, match="deadline"):
        stage.spec(probation_s=600)


def test_the_plan_says_who_would_refuse_an_older_release(stage):
    for version, counter in (("2.0.0", 2), ("3.0.0", 3)):
        rollout = stage.roll_out(version=version, counter=counter)
        had = {2: "1.0.0", 3: "2.0.0"}[counter]
        stage.look()
        stage.answer_all(from_version=had, to_version=version)
        stage.look()
        stage.answer_all(from_version=had, to_version=version)
        stage.look()
        assert stage.rollout(rollout).state == "done"
        stage.run_everywhere(f"signs {version}")
    with stage.database.reading() as session:
        of_one = plan(stage.spec(version="1.0.0", counter=1), read_candidates(session, stage.spec()))
        of_two = plan(stage.spec(version="2.0.0", counter=2), read_candidates(session, stage.spec()))
    assert {one.why_not for one in of_one} == {"older"}
    assert {one.why_not for one in of_two} == {None}, "each keeps it as its way back"

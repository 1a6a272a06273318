"""The ledger tells what was lost and what came out of order, whatever came twice."""

from __future__ import annotations

import pytest
from chaos.ledger import LastSent, judge
from msgspec.structs import replace

from skerry_edge.contracts.messages import Event


def event(number, *, seq=None, session="00000001-0000000a", pipeline="p0", kind="detection"):
    return Event(
        v=1,
        id=f"{pipeline}-{session}-{seq or number}",
        session=session,
        seq=seq or number,
        ts=1,
        clock="synced",
        kind=kind,
        pipeline=pipeline,
        label="synthetic",
        message=str(number),
    )


def test_all_that_came_in_order_is_well():
    events = [event(number) for number in (1, 2, 3)]
    verdict = judge(events, [one.id for one in events])
    assert verdict.is_good
    assert (verdict.events, verdict.duplicates, verdict.replayed) == (3, 0, 0)


def test_what_came_twice_counts_once():
    again = replace(event(1), replayed=True)
    verdict = judge([event(1), event(2), again, event(3)], [])
    assert verdict.is_good
    assert (verdict.events, verdict.duplicates, verdict.replayed) == (3, 1, 0)


def test_an_accepted_event_that_never_came_is_lost():
    verdict = judge([event(1)], [event(2).id])
    assert not verdict.is_good
    assert event(2).id in verdict.lost[0]


def test_a_gap_in_a_pipelines_count_is_a_loss():
    verdict = judge([event(1), event(3)], [])
    assert "after event 1" in verdict.lost[0]


def test_the_first_that_came_must_be_the_first_there_was():
    assert judge([event(2)], []).lost


def test_another_life_of_a_pipeline_counts_anew():
    later = "00000002-0000000b"
    assert judge([event(1), event(2), event(1, seq=3), event(1, session=later)], []).is_good


def test_the_tail_of_a_killed_child_is_missed_though_the_next_child_counts_anew():
    lives = [event(1), event(2), event(1, seq=4), event(2, seq=5)]
    assert judge(lives, []).is_good, "the counts alone do not tell"
    verdict = judge(lives, [], [LastSent(pipeline="p0", number=3, ts_ms=1)])
    assert verdict.lost == ("p0: event 3, the last of a child that was killed, never arrived",)
    assert judge(lives, [], [LastSent(pipeline="p0", number=2, ts_ms=1)]).is_good
    assert not judge(lives, [], [LastSent(pipeline="p0", number=2, ts_ms=2)]).is_good, "that of another life"


def test_pipelines_do_not_order_each_other():
    assert judge([event(1, pipeline="p1"), event(1, seq=2), event(2, seq=4, pipeline="p1")], []).is_good


@pytest.mark.parametrize("later", [event(2, seq=1), event(2, seq=9, session="00000000-0000000c")])
def test_what_came_before_what_was_accepted_before_it_is_out_of_order(later):
    verdict = judge([event(1, seq=5), later], [])
    assert len(verdict.disordered) == 1
    assert not verdict.is_good


def test_system_events_have_no_count():
    told = replace(event(1, seq=7), kind="system", message="a fault")
    assert judge([event(1), told, event(2)], []).is_good

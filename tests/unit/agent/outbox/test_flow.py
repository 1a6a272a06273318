"""How fast a backlog may go out, and what becomes of it where nobody listens."""

from __future__ import annotations

from skerry_edge.agent.outbox.flow import UNHEARD, Flow

LIMIT = 20


def flow(*, per_s: float = 10.0, in_flight: int = 4, has_backlog: bool = True) -> Flow:
    return Flow(replay_per_s=per_s, replay_in_flight=in_flight, has_backlog=has_backlog, now_s=0.0)


def drain(one: Flow, from_s: float, to_s: float) -> int:
    """Send from a backlog whatever there is room for, each answered at once; return how many that were."""
    sent, now_s = 0, from_s
    while now_s <= to_s:
        for _ in range(one.room(now_s, 0, LIMIT)):
            one.sends(from_backlog=True)
            sent += 1
        now_s += 0.01
    return sent


def test_the_first_of_a_backlog_goes_alone() -> None:
    begun = flow()
    assert begun.room(0.0, 0, LIMIT) == 1
    begun.sends(from_backlog=True)
    assert begun.room(0.0, 1, LIMIT) == 0
    begun.heard()
    assert begun.room(0.0, 0, LIMIT) == 3


def test_a_backlog_goes_out_no_faster_than_its_rate() -> None:
    begun = flow()
    begun.heard()
    assert drain(begun, 0.0, 10.0) in (103, 104), "ten a second, and the four that may be under way at once"


def test_time_without_anything_to_send_is_not_saved_up() -> None:
    begun = flow()
    begun.heard()
    assert begun.room(1000.0, 0, LIMIT) == 4


def test_no_more_of_a_backlog_is_under_way_than_allowed() -> None:
    begun = flow(per_s=1e6)
    begun.heard()
    assert [begun.room(1.0, under_way, LIMIT) for under_way in (0, 3, 4, 9)] == [4, 1, 0, 0]


def test_what_is_fresh_takes_all_the_room_there_is() -> None:
    begun = flow()
    begun.heard()
    begun.sends(from_backlog=False)
    assert begun.room(0.0, 7, LIMIT) == LIMIT
    assert flow(has_backlog=False).room(0.0, 0, LIMIT) == LIMIT


def test_it_is_known_when_the_next_of_a_backlog_is_due() -> None:
    begun = flow()
    begun.heard()
    assert begun.due_s(0.0) == float("inf")
    for _ in range(begun.room(0.0, 0, LIMIT)):
        begun.sends(from_backlog=True)
    due_s = begun.due_s(0.0)
    assert 0.0 < due_s <= 0.1
    assert begun.room(due_s + 1e-6, 0, LIMIT) == 1


def test_where_nobody_listens_one_is_tried_ever_more_seldom() -> None:
    begun = flow(has_backlog=False)
    now_s, waits_s = 0.0, []
    for _ in range(10):
        begun.unheard(now_s, 0.0)
        assert begun.room(now_s, 0, LIMIT) == 0
        assert begun.is_held
        waits_s.append(begun.due_s(now_s) - now_s)
        now_s = begun.due_s(now_s)
        assert begun.room(now_s, 0, LIMIT) == 1
        assert begun.room(now_s, 1, LIMIT) == 0
    assert waits_s[1] == 2 * waits_s[0]
    assert waits_s[-1] <= UNHEARD.max_s
    begun.heard()
    assert not begun.is_held
    assert begun.room(now_s, 0, LIMIT) == LIMIT


def test_many_that_were_under_way_together_count_as_one_attempt() -> None:
    begun, other = flow(has_backlog=False), flow(has_backlog=False)
    other.unheard(0.0, 0.0)
    for _ in range(20):
        begun.unheard(0.0, 0.0)
    assert begun.due_s(0.0) == other.due_s(0.0)


def test_once_all_was_sent_what_follows_is_fresh() -> None:
    begun = flow()
    assert not begun.is_caught_up
    begun.has_sent_all()
    assert begun.is_caught_up
    assert begun.room(0.0, 0, LIMIT) == LIMIT
    begun.unheard(0.0, 0.0)
    begun.has_sent_all()
    assert not begun.is_caught_up
    assert begun.room(0.0, 0, LIMIT) == 0

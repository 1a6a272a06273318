"""Room for dead letters: who babbles pushes out nobody else's, and what was replayed goes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skerry_server.registry.letter_room import Letter, excess


def letters(*topics, first_id=1, reason="schema", is_replayed=False):
    return [
        Letter(id=number, topic=topic, reason=reason, is_replayed=is_replayed)
        for number, topic in enumerate(topics, start=first_id)
    ]


def of(device, kind="event"):
    return f"skerry/v1/home/{device}/{kind}"


def test_a_device_that_babbles_pushes_out_its_own_and_the_oldest_first():
    few = letters(of("cam-1"), of("cam-2"))
    babble = letters(*[of("cam-3", f"k{n}") for n in range(20)], first_id=3)
    gone = excess(few + babble, keep=5)
    assert [one.id for one in gone] == list(range(3, 20))


def test_a_device_is_not_counted_with_another_reason_of_its_own_and_strangers_are_one():
    usual = letters(of("cam-1"), of("cam-1"))
    other = letters(of("cam-1"), of("cam-1"), first_id=3, reason="cardinality")
    strange = letters(*[f"skerry/{n}" for n in range(6)], first_id=5, reason="topic")
    assert {one.reason for one in excess(usual + other + strange, keep=6)} == {"topic"}


def test_what_was_replayed_goes_before_what_can_be():
    done = letters(of("cam-1"), of("cam-2"), first_id=8, is_replayed=True)
    waiting = letters(*[of("cam-3")] * 7)
    assert [one.id for one in excess(done + waiting, keep=7)] == [8, 9]


@given(
    found=st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("rs"), st.booleans()), max_size=40),
    keep=st.integers(0, 45),
)
def test_no_more_goes_than_must_and_whoever_loses_one_is_left_no_fewer_than_another_less_one(found, keep):
    held = [
        Letter(id=number, topic=of(device), reason=reason, is_replayed=done)
        for number, (device, reason, done) in enumerate(found)
    ]
    gone = excess(held, keep=keep)
    assert len(gone) == max(0, len(held) - keep)
    left = [one for one in held if one not in gone]
    waiting_gone = [one for one in gone if not one.is_replayed]
    if waiting_gone:
        assert not any(one.is_replayed for one in left)
        share = min(sum((o.topic, o.reason) == (g.topic, g.reason) for o in left) for g in waiting_gone)
        assert all(sum((o.topic, o.reason) == (one.topic, one.reason) for o in left) <= share + 1 for one in left)


def test_measured_in_bytes_a_device_with_few_large_letters_makes_room_and_not_one_with_many_small():
    large = [one._replace(kept_bytes=240_000) for one in letters(*[of("liar")] * 5)]
    small = [one._replace(kept_bytes=300) for one in letters(*[of("cam-1")] * 50, first_id=6)]
    gone = excess(large + small, keep=500_000, size=lambda one: one.kept_bytes)
    assert [one.id for one in gone] == [1, 2, 3]

"""How long nothing is heard from a broker that sends what is too large."""

from __future__ import annotations

from skerry_edge.agent.mqtt.hearing import DEAF, WELL_AFTER_S, Hearing


def deafness_s(hearing: Hearing, now_s: float) -> float:
    """Be overfed at ``now_s``, and return after how many whole seconds it may listen again."""
    hearing.overfed(now_s, 0.999)
    waited_s = 0.0
    while not hearing.may_begin(now_s + waited_s):
        waited_s += 1.0
    return waited_s


def test_a_broker_is_listened_to_at_first() -> None:
    assert Hearing().may_begin(0.0)


def test_one_packet_costs_the_connection_and_no_more() -> None:
    assert deafness_s(Hearing(), 0.0) == 0.0


def test_a_packet_that_comes_again_with_every_subscription_is_taken_ever_more_seldom() -> None:
    hearing, now_s, waits_s = Hearing(), 0.0, []
    hearing.overfed(now_s, 0.0)
    for _ in range(8):
        hearing.begins(now_s)
        waits_s.append(deafness_s(hearing, now_s + 1.0))
        now_s += waits_s[-1] + 1.0
    assert waits_s[0] >= DEAF.first_s / 2
    assert waits_s[1] > 1.5 * waits_s[0]
    assert waits_s[-1] <= DEAF.max_s


def test_who_has_listened_for_long_begins_anew() -> None:
    hearing = Hearing()
    for now_s in (1.0, 2.0):
        hearing.begins(now_s)
        assert (deafness_s(hearing, now_s) > 0.0) == (now_s > 1.0)
    hearing.begins(100.0)
    assert deafness_s(hearing, 100.0 + WELL_AFTER_S) == 0.0

"""Which commands are too old, on devices whose clocks are right, unknown or years off."""

from __future__ import annotations

import pytest

from skerry_edge.agent.downlink.freshness import Clock, SenderClock, staleness
from skerry_edge.agent.mqtt.news import Inbound

NOW_MS = 1_795_000_000_000
YEAR_MS = 365 * 24 * 3600 * 1000
LIVE = Inbound(topic="…/command", payload=b"{}")
RIGHT = Clock(now_ms=NOW_MS, state="synced")
IN_1970 = Clock(now_ms=60_000, state="unsynced")


def test_a_command_of_now_is_fresh_by_a_right_clock(make_command) -> None:
    assert staleness(make_command("ping", ts=NOW_MS - 1000), LIVE, RIGHT) is None


def test_a_command_whose_time_is_over_is_refused_by_a_right_clock(make_command) -> None:
    reason = staleness(make_command("ping", ts=NOW_MS - 90_000), LIVE, RIGHT)
    assert reason == "the command has expired 30 s ago"


@pytest.mark.parametrize("years", [-56, 30])
def test_a_clock_that_is_years_off_and_says_so_refuses_no_live_command(make_command, years: int) -> None:
    wrong = Clock(now_ms=max(0, NOW_MS + years * YEAR_MS), state="unsynced")
    assert staleness(make_command("ping", ts=NOW_MS), LIVE, wrong) is None


def test_without_a_clock_the_broker_s_count_decides(make_command) -> None:
    command = make_command("restart", ts=NOW_MS)
    over = Inbound(topic="…/command", payload=b"{}", expires_in_s=0)
    left = Inbound(topic="…/command", payload=b"{}", expires_in_s=5)
    assert staleness(command, over, IN_1970) == "the command has expired at the broker"
    assert staleness(command, left, IN_1970) is None


def test_without_a_clock_what_is_older_than_the_sender_s_last_word_is_stale(make_command) -> None:
    knows = Clock(now_ms=60_000, state="unsynced", sender_at_least_ms=NOW_MS)
    assert staleness(make_command("restart", ts=NOW_MS - YEAR_MS), LIVE, knows) is not None
    assert staleness(make_command("restart", ts=NOW_MS), LIVE, knows) is None


def test_a_retained_command_is_refused_whatever_the_clock(make_command) -> None:
    retained = Inbound(topic="…/command", payload=b"{}", retained=True)
    for clock in (RIGHT, IN_1970):
        assert "must not be retained" in (staleness(make_command("restart", ts=NOW_MS), retained, clock) or "")


@pytest.mark.parametrize("life_ms", [0, -5, 24 * 3600 * 1000 + 1])
def test_a_life_that_is_none_or_longer_than_a_day_is_refused(make_command, life_ms: int) -> None:
    assert "within 24 hours" in (staleness(make_command("ping", ts=NOW_MS, life_ms=life_ms), LIVE, RIGHT) or "")


def test_a_command_from_the_future_is_refused_by_a_right_clock(make_command) -> None:
    reason = staleness(make_command("ping", ts=NOW_MS + 600_000), LIVE, RIGHT)
    assert reason == "the command comes from the future: its sender's clock is 600 s ahead"


def test_the_sender_s_clock_goes_on_between_its_words_and_never_back() -> None:
    clock = SenderClock()
    assert clock.at_least_ms(50.0) == 0
    clock.note(NOW_MS, 100.0)
    assert clock.at_least_ms(103.5) == NOW_MS + 3500
    clock.note(NOW_MS - 60_000, 104.0)
    assert clock.at_least_ms(104.0) == NOW_MS + 4000


IN_2100_MS = 4_102_444_800_000


def test_no_single_message_moves_the_sender_s_clock_by_years() -> None:
    clock = SenderClock()
    clock.note(NOW_MS, 100.0)
    clock.note(IN_2100_MS, 101.0)
    assert clock.at_least_ms(101.0) == NOW_MS + 1000


@pytest.mark.parametrize("first_ms", [IN_2100_MS, NOW_MS + YEAR_MS])
def test_a_clock_that_runs_is_believed_over_one_message_whatever_that_said(first_ms: int) -> None:
    clock = SenderClock()
    clock.note(first_ms, 100.0)
    clock.note(NOW_MS, 101.0)
    clock.note(NOW_MS + 5000, 106.0)
    assert clock.at_least_ms(106.0) > NOW_MS + YEAR_MS / 2, "two that come so soon may have waited together"
    clock.note(NOW_MS + 11_500, 112.0)
    assert clock.at_least_ms(113.0) == NOW_MS + 12_500


def test_messages_that_were_held_up_move_the_clock_of_nobody() -> None:
    clock = SenderClock()
    clock.note(NOW_MS, 100.0)
    for number in range(5):
        clock.note(NOW_MS - YEAR_MS + number * 60_000, 101.0 + number * 11)
    assert clock.at_least_ms(200.0) == NOW_MS + 100_000

"""How soon a session connects again, and what it tells of it."""

from __future__ import annotations

import pytest

from skerry_edge.agent.mqtt.retries import STABLE_AFTER_S, Retries
from skerry_edge.foundation.backoff import Backoff

JUST_BELOW_1 = 0.999


@pytest.fixture
def retries() -> Retries:
    return Retries(Backoff(first_s=1.0, max_s=60.0, chance_share=1.0))


def after_failures(retries: Retries, count: int, *, lasted_s: float = 0.0) -> list[int]:
    """The longest wait after each of so many failures, in whole seconds."""
    waits = [retries.after_failure("no route", lasted_s, JUST_BELOW_1, lasting=False) for _ in range(count)]
    return [round(one) for one in waits]


def test_connections_that_fail_come_ever_more_seldom_and_so_does_the_word_of_them(
    retries: Retries, caplog: pytest.LogCaptureFixture
) -> None:
    assert after_failures(retries, 8) == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [one.getMessage().split(" in a row")[0] for one in caplog.records] == [
        f"no route; failure {number}" for number in (1, 2, 4, 8)
    ]


def test_a_connection_that_stood_for_a_while_begins_a_new_row(retries: Retries) -> None:
    after_failures(retries, 5)
    assert after_failures(retries, 2, lasted_s=STABLE_AFTER_S) == [1, 1]


def test_an_end_over_a_letter_is_no_failure(retries: Retries, caplog: pytest.LogCaptureFixture) -> None:
    after_failures(retries, 5)
    caplog.clear()
    assert [round(retries.after_letter("a picture", JUST_BELOW_1)) for _ in range(5)] == [1] * 5
    assert caplog.records == []
    assert after_failures(retries, 2) == [1, 2]


def test_what_does_not_pass_by_itself_is_told_once(retries: Retries, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        retries.after_failure("not authorized", 0.0, JUST_BELOW_1, lasting=True)
    assert caplog.text.count("not told again") == 1

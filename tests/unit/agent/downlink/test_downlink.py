"""Who gets what the broker sent."""

from __future__ import annotations

import select
from typing import Any

import pytest

from skerry_edge.agent.downlink.downlink import AT_ONCE, BIRTH_SPREAD_S, Downlink, topics_of
from skerry_edge.agent.downlink.inbox import MAX_WAITING, Inbox
from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.mqtt.news import Inbound, RefusedSubscription

DESIRED, COMMAND, BIRTH = topics_of("garden", "cam-1", ["homeassistant/status"])


class Parts:
    """Everything that the downlink passes on to, each noting it."""

    def __init__(self) -> None:
        self.inbox = Inbox((DESIRED, COMMAND, BIRTH))
        self.commands, self.desired, self.told = [], [], []
        self.renewed, self.woken = 0, 0
        anything: Any = self
        self.downlink = Downlink(
            inbox=self.inbox,
            commands=anything,
            configuration=type("Wishes", (), {"handle": lambda _, arrival: self.desired.append(arrival.payload)})(),
            pictures=list,
            session=anything,
            tell=lambda label, text: self.told.append((label, text)),
        )

    def handle(self, arrival: Inbound, now_s: float) -> None:
        self.commands.append((arrival.payload, now_s))

    def act(self, pictures: Any, now_s: float) -> float:
        return NEVER_S

    def renew(self) -> None:
        self.renewed += 1

    def wake(self) -> None:
        self.woken += 1


@pytest.fixture
def parts() -> Parts:
    return Parts()


def test_each_topic_has_its_reader(parts: Parts) -> None:
    for topic, payload in ((DESIRED, b"d"), (COMMAND, b"c"), ("some/other", b"x")):
        parts.inbox.hear(Inbound(topic=topic, payload=payload))
    assert parts.downlink.act(7.0) == NEVER_S
    assert (parts.desired, parts.commands) == ([b"d"], [(b"c", 7.0)])
    assert parts.woken == 1


def test_the_start_of_home_assistant_renews_what_is_retained_soon_and_once(parts: Parts) -> None:
    parts.inbox.hear(Inbound(topic=BIRTH, payload=b"online"))
    due_s = parts.downlink.act(100.0)
    assert 100.0 <= due_s <= 100.0 + BIRTH_SPREAD_S
    assert parts.downlink.act(due_s) == NEVER_S
    assert parts.renewed == 1


@pytest.mark.parametrize(("payload", "retained"), [(b"offline", False), (b"online", True)])
def test_its_end_and_a_start_of_long_ago_renew_nothing(parts: Parts, payload: bytes, retained: bool) -> None:
    parts.inbox.hear(Inbound(topic=BIRTH, payload=payload, retained=retained))
    assert parts.downlink.act(100.0) == NEVER_S


def test_a_refused_subscription_is_told_once_as_an_event(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        parts.inbox.hear(RefusedSubscription(topic=COMMAND, reason="Not authorized"))
        parts.downlink.act(0.0)
    assert parts.told == [
        (
            "subscription-refused",
            f"the broker refuses the subscription to {COMMAND} (Not authorized): allow it in its access rules",
        )
    ]
    assert caplog.text.count("refuses the subscription") == 1


def test_that_of_home_assistant_is_no_event_of_the_fleet(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    parts.inbox.hear(RefusedSubscription(topic=BIRTH, reason="Not authorized"))
    parts.downlink.act(0.0)
    assert parts.told == []
    assert "refuses the subscription" in caplog.text


def test_a_flood_is_bounded_and_counted(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(MAX_WAITING + 7):
        parts.inbox.hear(Inbound(topic=COMMAND, payload=str(number).encode()))
    parts.downlink.act(0.0)
    assert len(parts.commands) == AT_ONCE
    while len(parts.commands) < MAX_WAITING:
        assert select.select([parts.inbox.waker], [], [], 0)[0], "the loop is woken for the rest"
        parts.downlink.act(0.0)
    assert [int(payload) for payload, _ in parts.commands] == list(range(MAX_WAITING))
    assert "7 messages of the broker came too fast" in caplog.text

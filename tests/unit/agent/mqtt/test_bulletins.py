"""Retained messages: which are to be published, and what is said of those that the broker does not take."""

from __future__ import annotations

import pytest

from skerry_edge.agent.mqtt.bulletins import Bulletin, BulletinBoard


def saying(topic: str, text: str) -> Bulletin:
    return Bulletin(topic=topic, make=text.encode)


def test_the_newest_of_each_topic_is_wanted_in_the_order_of_the_topics() -> None:
    board = BulletinBoard()
    for topic, text in (("status", "a"), ("state", "b"), ("status", "c")):
        board.put(saying(topic, text))
    assert [(one.topic, one.make()) for one in board.wanted()] == [("status", b"c"), ("state", b"b")]


def test_what_was_published_is_known_again_until_it_is_renewed() -> None:
    board = BulletinBoard()
    board.put(saying("status", "a"))
    (before,) = board.wanted()
    assert board.wanted()[0] is before
    board.renew()
    (after,) = board.wanted()
    assert after is not before
    assert (after.topic, after.make()) == ("status", b"a")


def test_a_refusal_is_told_once_until_the_broker_takes_the_topic(caplog: pytest.LogCaptureFixture) -> None:
    board = BulletinBoard()
    for _ in range(3):
        board.note_refusal(saying("state", "a"), "Not authorized")
    assert caplog.text.count("refuses the retained message state (Not authorized)") == 1
    board.note_taken(saying("state", "a"))
    board.note_refusal(saying("state", "a"), "Not authorized")
    assert caplog.text.count("refuses the retained message state") == 2


def test_whoever_asked_is_told_that_the_broker_has_it() -> None:
    told: list[str] = []
    BulletinBoard().note_taken(Bulletin(topic="state", make=bytes, when_taken=lambda: told.append("taken")))
    assert told == ["taken"]

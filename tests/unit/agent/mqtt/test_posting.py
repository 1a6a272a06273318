"""Bulletins over one connection: which are published, and what happens to those that the broker does not take."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import pytest

from skerry_edge.agent.config.delivery import OutboxConfig
from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.mqtt.bulletins import Bulletin, BulletinBoard
from skerry_edge.agent.mqtt.connection import Ack
from skerry_edge.agent.mqtt.delivery import Delivery
from skerry_edge.agent.mqtt.refusal import BrokerError
from skerry_edge.agent.mqtt.returns import Returns
from skerry_edge.agent.outbox.outbox import Outbox

REFUSED = {"code": 0x87, "name": "Not authorized"}


class Line:
    """A connection with room for two messages of a hundred bytes; its messages are numbered from 1 on."""

    where, in_flight_limit, payload_limit, version = "mqtt://broker", 2, 100, "5"

    def __init__(self) -> None:
        self._numbers = count(1)
        self.published: list[str] = []

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> int:
        assert retain
        self.published.append(f"{topic} {payload.decode()}")
        return next(self._numbers)


@pytest.fixture
def board() -> BulletinBoard:
    return BulletinBoard()


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def posting(line: Any, board: BulletinBoard, tmp_path: Path) -> Delivery:
    identity = Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=clock_state)
    outbox = Outbox(tmp_path, max_bytes=1 << 20, identity=identity)
    return Delivery(line, outbox, board, Returns(outbox, lambda _: None), OutboxConfig())


def put(board: BulletinBoard, topic: str, text: str, **fields: Any) -> None:
    board.put(Bulletin(topic=topic, make=text.encode, **fields))


def test_each_is_published_once_until_it_changes(posting: Delivery, board: BulletinBoard, line: Line) -> None:
    put(board, "status", "a", needed=True)
    for _ in range(3):
        posting.post_changed()
    put(board, "status", "b", needed=True)
    posting.post_changed()
    assert line.published == ["status a", "status b"]


def test_no_more_are_sent_than_the_broker_has_room_for(posting: Delivery, board: BulletinBoard, line: Line) -> None:
    for topic in ("a", "b", "c"):
        put(board, topic, "1")
    posting.post_changed()
    assert line.published == ["a 1", "b 1"]
    posting.take([Ack(mid=1, code=0, name="Success")])
    posting.post_changed()
    assert line.published == ["a 1", "b 1", "c 1"]


def test_one_that_is_too_large_for_the_broker_is_told_and_not_sent(
    posting: Delivery, board: BulletinBoard, line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    put(board, "config", "x" * 101)
    for _ in range(3):
        posting.post_changed()
    assert line.published == []
    assert caplog.text.count("refuses the retained message config (101 bytes are more than it takes)") == 1


def test_a_refusal_of_one_that_is_needed_ends_the_connection_and_of_another_does_not(
    posting: Delivery, board: BulletinBoard, caplog: pytest.LogCaptureFixture
) -> None:
    put(board, "status", "a", needed=True)
    put(board, "config", "a")
    posting.post_changed()
    posting.take([Ack(mid=2, **REFUSED)])
    assert "refuses the retained message config (Not authorized)" in caplog.text
    with pytest.raises(BrokerError, match="refuses what this device publishes"):
        posting.take([Ack(mid=1, **REFUSED)])


def test_whoever_waits_for_it_learns_that_the_broker_has_it(posting: Delivery, board: BulletinBoard) -> None:
    told: list[str] = []
    put(board, "config", "", when_taken=lambda: told.append("taken"))
    posting.post_changed()
    assert told == []
    posting.take([Ack(mid=1, code=0, name="Success")])
    assert told == ["taken"]

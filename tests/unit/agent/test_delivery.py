"""What is waited for on a connection, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from skerry_edge.agent import delivery
from skerry_edge.agent.bulletins import BulletinBoard
from skerry_edge.agent.clock import clock_state
from skerry_edge.agent.config.delivery import OutboxConfig
from skerry_edge.agent.connection import Ack
from skerry_edge.agent.delivery import Delivery
from skerry_edge.agent.identity import Identity
from skerry_edge.agent.outbox.outbox import Outbox
from skerry_edge.agent.refusal import BrokerError
from skerry_edge.contracts.messages import Event
from skerry_edge.contracts.snapshots import JPEG_START

SNAPSHOT = JPEG_START.ljust(100_000, b"\0")


class SlowLine:
    """A connection that takes everything; its messages are numbered from 1 on."""

    where, in_flight_limit, payload_limit = "mqtt://broker", 20, 1 << 20

    def __init__(self) -> None:
        self._numbers = count(1)

    def publish(self, _topic: str, _payload: bytes, *, retain: bool) -> int:
        return next(self._numbers)


@pytest.fixture
def identity() -> Identity:
    return Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=clock_state)


@pytest.fixture
def outbox(identity: Identity, tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path, max_bytes=1 << 20, identity=identity)
    yield opened
    opened.close()


@pytest.fixture
def sending(identity: Identity, outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Delivery]:
    """Return a function that sends contents; a broker must answer at once but for the time that bytes take."""
    monkeypatch.setattr(delivery, "ACK_TIMEOUT_S", -1.0)

    def send(*contents: bytes | None) -> Delivery:
        line: Any = SlowLine()
        started = Delivery(line, outbox, BulletinBoard(), OutboxConfig())
        for one in contents:
            event = Event(**identity.stamp(), kind="detection", pipeline="gate", label="car")
            outbox.put((identity.topic("event"), event) if one is None else (identity.topic("snapshot", event.id), one))
        started.send_waiting()
        return started

    return send


def test_a_snapshot_is_given_the_time_that_a_slow_line_takes_for_it(sending) -> None:
    sending(SNAPSHOT).take([])


def test_what_was_sent_behind_a_snapshot_is_given_that_time_too(sending) -> None:
    sending(SNAPSHOT, None).take([Ack(mid=1, code=0, name="Success")])


def test_a_small_message_is_overdue_when_its_time_is_over(sending) -> None:
    with pytest.raises(BrokerError, match="did not acknowledge a message"):
        sending(None).take([])

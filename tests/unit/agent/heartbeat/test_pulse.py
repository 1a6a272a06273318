"""The heartbeat's clock, over stand-ins for what it gathers from."""

from __future__ import annotations

from typing import Any

import pytest

from skerry_edge.agent.heartbeat.pulse import Pulse
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.life.lives import Journal, Lives
from skerry_edge.agent.outbox.sink import OutboxStats
from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.messages import Heartbeat
from skerry_edge.machine.boot import since_boot_s

SAID = {
    "uptime_s": 1.0,
    "cpu_percent": 1.0,
    "memory_used_mb": 1.0,
    "memory_total_mb": 2.0,
    "disk_free_mb": 3.0,
}


class Parts:
    """Machine, supervisor, outbox and session in one: says what the test wants, and keeps what is sent."""

    def __init__(self) -> None:
        self.said: dict[str, Any] = dict(SAID)
        self.oldest_ts_ms: int | None = None
        self.sent: list[Heartbeat] = []

    def read(self) -> dict[str, Any]:
        return self.said

    def take_vitals(self) -> list[Any]:
        return []

    def stats(self) -> OutboxStats:
        return OutboxStats(depth=2, held_bytes=300, dropped=0, newest=9, oldest_ts_ms=self.oldest_ts_ms)

    def put(self, *entries: tuple[str, Heartbeat]) -> None:
        for _, message in entries:
            encode(message)
            self.sent.append(message)

    def wake(self) -> None:
        """Nothing sleeps here."""


@pytest.fixture
def parts() -> Parts:
    return Parts()


@pytest.fixture
def pulse(parts: Parts) -> Pulse:
    stand_in: Any = parts
    return Pulse(
        board="generic-x86",
        interval_s=30.0,
        identity=Identity(site="s", device="d", session="00000001-0000abcd", clock=lambda: "synced"),
        machine=stand_in,
        lives=Lives(journal=Journal(boot="b", ended_well=False, agent_crashes=3), began_s=since_boot_s()),
        supervisor=stand_in,
        outbox=stand_in,
        session=stand_in,
    )


def test_the_first_beat_comes_at_once_and_the_next_when_it_is_time(parts: Parts, pulse: Pulse) -> None:
    assert pulse.act(100.0) == 130.0
    assert pulse.act(129.9) == 130.0
    assert len(parts.sent) == 1
    assert pulse.act(130.0) == 160.0
    assert len(parts.sent) == 2


def test_a_beat_tells_the_age_of_the_oldest_message_and_earlier_lives(parts: Parts, pulse: Pulse) -> None:
    pulse.act(0.0)
    assert parts.sent[0].outbox_oldest_s is None
    assert (parts.sent[0].outbox_depth, parts.sent[0].outbox_bytes, parts.sent[0].agent_crashes) == (2, 300, 3)
    parts.oldest_ts_ms = parts.sent[0].ts - 5_000
    pulse.act(30.0)
    assert 5.0 <= (parts.sent[1].outbox_oldest_s or 0.0) < 3600.0


def test_a_clock_that_was_set_back_gives_no_age_below_nothing(parts: Parts, pulse: Pulse) -> None:
    parts.oldest_ts_ms = 2**50
    pulse.act(0.0)
    assert parts.sent[0].outbox_oldest_s == 0.0


def test_what_the_contract_cannot_carry_costs_one_beat_and_not_the_agent(
    parts: Parts, pulse: Pulse, caplog: pytest.LogCaptureFixture
) -> None:
    parts.said = {**SAID, "power_w": float("inf")}
    pulse.act(0.0)
    assert parts.sent == []
    assert "a heartbeat is not sent" in caplog.text
    parts.said = dict(SAID)
    pulse.act(30.0)
    assert len(parts.sent) == 1

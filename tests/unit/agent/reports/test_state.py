"""The retained state: published when it changes, not too often, never too large."""

from __future__ import annotations

from typing import Any

import pytest

from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.reports.state import MAX_COUNTS, AgentState, Throttle
from skerry_edge.agent.reports.state_publisher import INTERVAL_S, StatePublisher
from skerry_edge.contracts.codec import decode, encode
from skerry_edge.contracts.messages import MAX_JSON_BYTES, State

NOTHING = {"config_version": 0, "config_sha256": "0" * 64}


class Desk:
    """A device whose state the test sets, and what was posted of it."""

    def __init__(self) -> None:
        self.state = AgentState(**NOTHING)
        self.posted: list[State] = []
        self.identity = Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=lambda: "synced")
        session: Any = self
        self.publisher = StatePublisher(lambda: self.state, identity=self.identity, session=session)

    def post(self, bulletin: Any) -> None:
        assert bulletin.topic == "skerry/v1/garden/cam-1/state"
        decoded = decode("state", bulletin.make())
        assert isinstance(decoded, State)
        self.posted.append(decoded)

    def count(self, cars: int) -> None:
        self.state = AgentState(**NOTHING, counts={"gate": {"car": cars}})


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_it_is_published_at_the_start_and_then_when_it_changes(desk: Desk) -> None:
    for now_s in (0.0, 5.0, 10.0):
        assert desk.publisher.act(now_s) == NEVER_S
    desk.count(2)
    desk.publisher.act(15.0)
    assert [one.counts for one in desk.posted] == [{}, {"gate": {"car": 2}}]


def test_of_many_changes_the_last_one_passes_in_time(desk: Desk) -> None:
    desk.publisher.act(0.0)
    for cars in range(1, 10):
        desk.count(cars)
        assert desk.publisher.act(cars / 20) == INTERVAL_S
    desk.publisher.act(INTERVAL_S)
    assert [one.counts for one in desk.posted] == [{}, {"gate": {"car": 9}}]


def test_what_came_and_went_in_between_is_not_published(desk: Desk) -> None:
    desk.publisher.act(0.0)
    desk.count(1)
    desk.publisher.act(0.5)
    desk.state = AgentState(**NOTHING)
    assert desk.publisher.act(INTERVAL_S) == NEVER_S
    assert len(desk.posted) == 1


def test_counts_without_end_fit_into_one_message() -> None:
    place = "p" * 63 + "/" + "z" * 63
    counts = {f"{place}{n}": {f"{'l' * 120}{m}": 2**53 for m in range(50)} for n in range(50)}
    fields = AgentState(**NOTHING, counts=counts).fields()
    stamp: dict[str, Any] = {"v": 1, "id": "a", "session": "00000001-0000abcd", "seq": 1, "ts": 1, "clock": "synced"}
    assert MAX_COUNTS / 2 < sum(len(one) for one in fields["counts"].values()) <= MAX_COUNTS
    assert len(encode(State(**stamp, **fields))) < MAX_JSON_BYTES


def test_a_throttle_lets_the_first_pass_and_the_next_when_its_time_has_come() -> None:
    throttle = Throttle(2.0)
    assert [throttle.passes(now_s) for now_s in (0.0, 1.0, 1.9, 2.0, 3.9)] == [True, False, False, True, False]
    assert throttle.due_s() == 4.0

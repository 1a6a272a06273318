"""What an order for the agent finds on the device, before anything is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.ota.agent_steps import AgentSteps
from skerry_edge.ota.instants import now
from skerry_edge.ota.machine.happenings import Done
from skerry_edge.ota.machine.record import Record, begun
from skerry_edge.ota.slots.slots import KeptAgent, Slots
from skerry_edge.ota.trust.counters import CounterFloors

AGENT = "agent/skerry"
KEPT = KeptAgent(sha256="0a" * 32, version="1.0.0", counter=3)


class NoRepository:
    """What is kept is not asked for anywhere."""

    def choose(self, wanted: object, have_sha256: str | None) -> Any:
        pytest.fail(f"the repository was asked for {wanted}")


@pytest.fixture
def steps(tmp_path: Path) -> AgentSteps:
    slots = Slots(tmp_path)
    for slot in ("a", "b"):
        slots.path(slot).mkdir(parents=True)
    slots.confirm("a")
    slots.note("b", KEPT)
    return AgentSteps(
        slots=slots,
        counters=CounterFloors(tmp_path / "counters.json"),
        incoming=tmp_path / "incoming",
        supply=NoRepository(),  # type: ignore[arg-type]
        running_version="2.0.0",
        reserve_bytes=0,
        told=lambda _done, _total: None,
    )


def back() -> Record:
    return begun(AGENT, UpdateOrder(id="r1", version="1.0.0", counter=3, probation_s=60, deadline_s=3600), now())


def test_the_slot_of_the_version_before_is_the_way_back(steps: AgentSteps) -> None:
    steps.counters.commit(AGENT, 4, pytest.fail)
    assert steps.take(back()) == Done(from_version="2.0.0", to_sha256=KEPT.sha256, is_here=True)


def test_a_forbidden_agent_is_not_gone_back_to(steps: AgentSteps) -> None:
    steps.counters.forbid({AGENT: 4})
    with pytest.raises(ReleaseError) as caught:
        steps.take(back())
    assert caught.value.reason == "counter"

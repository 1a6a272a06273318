"""From what pipelines find to what the outbox accepts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.line.protocol import Finding
from skerry_edge.agent.reports.intake import Intake
from skerry_edge.contracts.messages import Event
from skerry_edge.contracts.snapshots import JPEG_START


class Rig:
    """An intake, the calls of `put` that it made, and how long publishing took."""

    def __init__(self) -> None:
        self.puts: list[tuple[Any, ...]] = []
        self.published: list[float] = []
        self.wakes = 0
        identity = Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=clock_state)
        outbox: Any = SimpleNamespace(put=lambda *outgoing: self.puts.append(outgoing))
        self.intake = Intake(identity=identity, outbox=outbox, session=self._session())
        vitals = SimpleNamespace(model="m", model_version="1.0.0", published=self.published.append)
        self._worker: Any = SimpleNamespace(vitals=vitals, pipeline=SimpleNamespace(name="gate"))

    def _session(self) -> Any:
        def wake() -> None:
            self.wakes += 1

        return SimpleNamespace(wake=wake)

    def find(self, label: str, snapshot: bytes | None = None) -> None:
        self.intake.take(self._worker, Finding(kind="detection", label=label, ts=1000, decided_ns=0, snapshot=snapshot))


def test_all_that_was_found_in_one_turn_is_accepted_at_once_and_in_order() -> None:
    rig = Rig()
    for label in "abc":
        rig.find(label)
    assert (rig.puts, rig.published) == ([], []), "nothing counts as accepted before it is"
    rig.intake.act(0.0)
    (outgoing,) = rig.puts
    assert [message.label for _, message in outgoing] == ["a", "b", "c"]
    assert [message.ts for _, message in outgoing] == [1000, 1000, 1000]
    assert len(rig.published) == 3
    rig.intake.act(1.0)
    assert (len(rig.puts), rig.wakes) == (1, 1)


def test_a_picture_follows_its_event_under_the_events_id() -> None:
    rig = Rig()
    rig.find("a", JPEG_START + b"picture")
    rig.intake.act(0.0)
    ((_, event), (topic, picture)) = rig.puts[0]
    assert isinstance(event, Event)
    assert topic.endswith(f"/snapshot/{event.id}")
    assert picture == JPEG_START + b"picture"


def test_a_picture_that_is_none_is_left_out_and_costs_no_event(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig()
    rig.find("a", b"no picture")
    rig.find("b")
    rig.intake.act(0.0)
    assert [message.label for _, message in rig.puts[0]] == ["a", "b"]
    assert "without its picture" in caplog.text

"""The agent's duty for updates: what it has told, and what it does where the disk takes nothing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skerry_edge.agent.updates.keeping import Keeping
from skerry_edge.agent.updates.substitute import Substitute
from skerry_edge.agent.updates.updates import Updates
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.ota.machine.happenings import Begun, Postponed
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.places import Places
from skerry_edge.ota.settings import OtaSettings
from skerry_edge.ota.slots.slots import Slots

ORDER = UpdateOrder(id="r1", version="2.0.0", counter=2, probation_s=60, deadline_s=3600)


class Scene:
    """An agent that is ordered one model; what is prepared is what the test says."""

    def __init__(self, folder: Path) -> None:
        self.in_force = SimpleNamespace(ota=OtaSettings(mirrors=("/none",)), pipelines=())
        self.updates = {"model/signs": ORDER}
        self.progress = None
        self.reports: list[Record] = []
        self.events: list[tuple[str, str]] = []
        self.keeping = Keeping(Places(folder), tell=lambda *told: self.events.append(told), apply=lambda: None)
        parts: Any = self
        self.duty = Updates(
            fleet=parts,
            keeping=self.keeping,
            preparation=parts,
            trial=lambda _record, _limits: parts,
            watch=parts,
            lookout=parts,
            substitute=Substitute(Slots(folder), lambda *told: self.events.append(told)),
            report=lambda record, _progress: self.reports.append(record),
        )
        self.prepared: list[Any] = []

    def act(self, record: Record, settings: OtaSettings, now_s: float) -> float:
        if self.prepared:
            self.keeping.note(Begun())
            self.keeping.note(self.prepared.pop(0))
        return now_s + 1.0

    def sample(self, names: list[str], now_s: float) -> float:
        return now_s + 60.0

    def rest(self) -> None:
        """Nobody looks."""

    def close(self) -> None:
        """Nothing was started."""


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_each_new_reason_why_it_waits_is_told_at_once_and_once(scene: Scene) -> None:
    network, space = Postponed(reason="network"), Postponed(reason="no-space", detail="3 bytes")
    scene.prepared = [network, network, space, space]
    for now_s in range(8):
        scene.duty.act(float(now_s))
    told = [(one.state, one.reason, one.detail) for one in scene.reports]
    assert told == [("check", None, None), ("check", "network", None), ("check", "no-space", "3 bytes")]

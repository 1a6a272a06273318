"""The agent's own update from INTENT on, over the lives that it takes: who runs decides what is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from skerry_edge.agent.updates.agent_trial import AgentTrial
from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.ota import launcher
from skerry_edge.ota.instants import now
from skerry_edge.ota.machine.figures import Before, Figures
from skerry_edge.ota.machine.happenings import Done, Failed, Happening
from skerry_edge.ota.machine.health import After, Trial
from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.machine.record import Record, begun
from skerry_edge.ota.places import Places
from skerry_edge.ota.slots.slots import KeptAgent, Slots
from skerry_edge.ota.trust.counters import CounterFloors

ORDER = UpdateOrder(id="r1", version="2.0.0", counter=7, probation_s=60, deadline_s=3600)
SHA = "1" * 64
WORKED = Before(pipelines={"gate": Figures(frames=100), "broken": Figures()}, connected=True)


class Around:
    """A fleet with two pipelines, one of which never worked, and a watch that says what it is told."""

    def __init__(self) -> None:
        self.in_force = self
        self.pipelines = [_Named("gate"), _Named("broken")]
        self.frames = 50
        self.asked: list[str] = []
        self.lost: list[ReleaseError] = []

    def before(self, names: list[str], now_s: float) -> Before:
        return Before(pipelines={name: Figures(frames=100) for name in names})

    def begin_trial(self, now_s: float) -> None:
        """Count from now on."""

    def after(self, names: list[str], now_s: float) -> After:
        self.asked = names
        return After(pipelines={name: Trial(figures=Figures(frames=self.frames)) for name in names})


class _Named:
    def __init__(self, name: str) -> None:
        self.name = name


@pytest.fixture
def act(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that acts in one state as the agent of one slot, and notes whether it starts anew."""
    slots = Slots(tmp_path)
    for slot in launcher.SLOTS:
        slots.path(slot).mkdir(parents=True)
    slots.confirm("a")
    slots.note("b", KeptAgent(sha256=SHA, version="2.0.0", counter=7))
    (tmp_path / "ota").mkdir()
    around = Around()
    anew: list[str] = []

    def run(state: str, slot: str, *, at_s: tuple[float, ...] = (0.0,), **changes: Any) -> Happening | None:
        monkeypatch.setenv(launcher.SLOT_VARIABLE, slot)
        monkeypatch.setenv(launcher.LAUNCHER_VARIABLE, "[]")
        trial = AgentTrial(
            places=Places(tmp_path),
            fleet=around,  # type: ignore[arg-type]
            watch=around,  # type: ignore[arg-type]
            limits=Limits(),
            counters_lost=around.lost.append,
            start_anew=lambda: anew.append(slot),
        )
        record = replace(_record(), state=state, **changes)
        return [trial.act(record, now_s) for now_s in at_s][-1]

    run.slots, run.around, run.anew = slots, around, anew  # type: ignore[attr-defined]
    return run


def _record() -> Record:
    return replace(begun("agent/skerry", ORDER, now()), before=WORKED, to_sha256=SHA)


def test_the_old_agent_has_the_launcher_start_the_new_one(act: Any) -> None:
    assert act("switch", "a") is None
    assert (act.slots.on_trial, act.anew) == ("b", ["a"])
    assert act("switch", "b") == Done()


def test_a_slot_that_the_launcher_gave_up_is_found_out_by_the_old_agent(act: Any) -> None:
    launcher.write(act.slots.folder / launcher.FALLEN, {"slot": "b", "reason": "not confirmed after 3 starts"})
    found = act("switch", "a")
    assert found == Failed(reason="crashed", detail="not confirmed after 3 starts")
    assert isinstance(act("probation", "a"), Failed)
    assert act("rollback", "a") == Done()
    assert act.slots.fallen is None


def test_the_new_agent_is_held_to_what_worked_before_it(act: Any) -> None:
    assert act("probation", "b") is None
    assert act("probation", "b", at_s=(0.0, 60.0)) == Done()
    assert act.around.asked == ["gate"], "a camera that was broken proves nothing"
    act.around.frames = 0
    assert act("probation", "b", at_s=(0.0, 60.0)).reason == "starved"


def test_a_commit_can_be_done_again_after_a_crash_in_it(act: Any, tmp_path: Path) -> None:
    act.slots.begin_trial("b", 3600.0, now())
    for _ in range(2):
        assert act("commit", "b") == Done()
        assert (act.slots.current, act.slots.on_trial) == ("b", None)
    assert CounterFloors(tmp_path / "ota" / "counters.json").read().committed == {"agent/skerry": 7}


def test_damaged_counters_do_not_keep_what_runs_from_being_committed(act: Any, tmp_path: Path) -> None:
    act.slots.begin_trial("b", 3600.0, now())
    path = tmp_path / "ota" / "counters.json"
    path.write_bytes(b"\0" * 20)
    assert act("commit", "b") == Done()
    assert CounterFloors(path).read().committed == {"agent/skerry": 7}
    assert [error.reason for error in act.around.lost] == ["counter"]


def test_the_new_agent_makes_way_for_the_old_one(act: Any) -> None:
    act.slots.begin_trial("b", 3600.0, now())
    assert act("rollback", "b") is None
    assert (act.slots.on_trial, act.anew) == (None, ["b"])
    assert act("rollback", "a") == Done()


def test_a_slot_that_does_not_hold_the_new_version_is_not_started(act: Any) -> None:
    act.slots.note("b", KeptAgent(sha256=SHA, version="1.9.0", counter=6))
    assert act("intent", "a").reason == "load"

"""The agent's own update from INTENT on, over the lives that it takes: who runs decides what is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from skerry_edge.agent.updates.agent_trial import AgentTrial, settle
from skerry_edge.agent.updates.substitute import PASSED_OVER, Substitute
from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.ota import launcher
from skerry_edge.ota.instants import now
from skerry_edge.ota.machine.figures import Before, Figures
from skerry_edge.ota.machine.happenings import Done, Failed, Happening
from skerry_edge.ota.machine.health import After, Trial
from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.machine.record import Record, begun
from skerry_edge.ota.machine.transitions import advance
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
def act(tmp_path: Path) -> Callable[..., Any]:
    """Return a function that acts in one state as the agent of one slot, and notes whether it starts anew."""
    slots = Slots(tmp_path)
    for slot in launcher.SLOTS:
        slots.path(slot).mkdir(parents=True)
    slots.confirm("a")
    slots.note("a", KeptAgent(sha256="a" * 64, version="1.0.0", counter=6))
    slots.note("b", KeptAgent(sha256=SHA, version="2.0.0", counter=7))
    slots.note_installed("0.9.0")
    (tmp_path / "ota").mkdir()
    around = Around()
    anew: list[str] = []

    def run(
        state: str, slot: str, *, at_s: tuple[float, ...] = (0.0,), passed: dict[str, str] | None = None, **changes: Any
    ) -> Happening | None:
        trial = AgentTrial(
            slots=Slots(tmp_path, running=slot, passed=passed or {}),
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
    assert act("rollback", "a") == Done(from_version="1.0.0")
    assert act.slots.fallen is None


def test_the_new_agent_is_held_to_what_worked_before_it(act: Any) -> None:
    assert act("probation", "b") is None
    assert act("probation", "b", at_s=(0.0, 60.0)) == Done()
    assert act.around.asked == ["gate"], "a camera that was broken proves nothing"
    act.around.frames = 0
    assert act("probation", "b", at_s=(0.0, 60.0)) is None, "it has not proved anything yet"


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
    assert act("rollback", "a") == Done(from_version="1.0.0")


def test_a_slot_that_does_not_hold_the_new_version_is_not_started(act: Any) -> None:
    act.slots.note("b", KeptAgent(sha256="2" * 64, version="1.9.0", counter=6))
    assert act("intent", "a").reason == "load"


@pytest.mark.parametrize("old", ["a", launcher.BASE])
def test_a_commit_that_a_power_cut_kept_from_the_slot_is_no_success(act: Any, old: str, tmp_path: Path) -> None:
    if old == launcher.BASE:
        act.slots.confirm(launcher.BASE)
    act.slots.begin_trial("b", 3600.0, now())
    at = now()
    starts = [launcher.choose(act.slots.folder, at.boot, at.since_boot_s).programs[0] for _ in range(4)]
    assert starts == ["b", "b", "b", old]
    # The journal says COMMIT: it was written in the third life of the new agent, and nothing after it.
    found = act("commit", old, outcome="committed")
    assert found == Failed(reason="crashed", detail="not confirmed after 3 starts")
    ended = advance(replace(_record(), state="commit", outcome="committed"), found)
    assert (ended.state, ended.outcome) == ("rollback", "rolled-back")
    assert act.slots.good == old
    assert CounterFloors(tmp_path / "ota" / "counters.json").read().committed == {}


def test_a_commit_cut_off_after_the_link_is_one(act: Any) -> None:
    act.slots.begin_trial("b", 3600.0, now())
    (act.slots.folder / "current").unlink()
    (act.slots.folder / "current").symlink_to("b")
    assert act("commit", "b") == Done()
    assert (act.slots.current, act.slots.on_trial) == ("b", None)


def test_an_order_back_to_the_installed_program_has_the_launcher_start_that(act: Any) -> None:
    assert isinstance(act("intent", "a", to_sha256=None), Done)
    assert act("switch", "a", to_sha256=None) is None
    assert (act.slots.on_trial, act.anew) == (launcher.BASE, ["a"])
    assert act("switch", launcher.BASE, to_sha256=None) == Done()
    assert act("commit", launcher.BASE, to_sha256=None) == Done()
    assert (act.slots.good, act.slots.on_trial) == (launcher.BASE, None)
    assert act.slots.kept("b") is not None
    assert not Places(act.slots.folder.parent).counters.exists(), "no counter was signed for it"


def test_whoever_is_started_in_the_place_of_both_says_what_it_is(act: Any) -> None:
    passed = {"a": "ended 5 times within 600 s"}
    assert act("rollback", launcher.BASE, passed=passed) == Done(from_version="0.9.0")
    assert act.anew == [], "to be started anew would only be to be started again"


def test_a_trial_that_no_journal_knows_of_is_ended_and_the_old_agent_started(act: Any, tmp_path: Path) -> None:
    anew: list[str] = []
    act.slots.begin_trial("b", 3600.0, now())
    assert settle(Slots(tmp_path, running="b"), lambda: anew.append("b")) == "b"
    assert (anew, act.slots.on_trial) == (["b"], None)
    assert settle(Slots(tmp_path, running="a"), lambda: anew.append("a")) is None
    assert anew == ["b"], "done again, in the life of the version before, it finds nothing to do"


def test_what_runs_in_the_place_of_another_tells_and_stays(act: Any, tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    act.slots.confirm("b")
    slots = Slots(tmp_path, running="a", passed={"b": "ended 5 times within 600 s"})
    substitute = Substitute(slots, lambda *one: told.append(one))
    substitute.act()
    substitute.act()
    ((label, text),) = told
    assert label == PASSED_OVER
    assert "slot b ended 5 times" in text
    assert (slots.current, slots.is_settled, slots.idle) == ("a", True, "b")
    assert slots.kept("b") is None, "an order for it must build it anew"

"""What an order for the agent finds on the device, before anything is fetched."""

from __future__ import annotations

import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.contracts.release import Release
from skerry_edge.ota.agent_steps import AgentSteps
from skerry_edge.ota.choice import Choice, Target
from skerry_edge.ota.instants import now
from skerry_edge.ota.launcher import BASE, PROVED
from skerry_edge.ota.machine.happenings import Done, Failed
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
    slots = Slots(tmp_path, running="a")
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


def ordered(steps: AgentSteps, version: str, *, running: str = "a", counter: int = 3) -> Any:
    steps = replace(steps, slots=Slots(steps.slots.folder.parent, running=running, installed="/opt/skerry"))
    order = UpdateOrder(id="r1", version=version, counter=counter, probation_s=60, deadline_s=3600)
    return steps.take(begun(AGENT, order, now()))


def test_a_version_that_runs_and_proved_itself_is_there_already(steps: AgentSteps) -> None:
    assert ordered(steps, "2.0.0").is_running


def test_a_version_that_runs_on_trial_has_not_proved_itself(steps: AgentSteps) -> None:
    steps.slots.begin_trial("b", 3600.0, now())
    found = ordered(steps, "2.0.0", running="b")
    assert isinstance(found, Failed)
    assert found.reason == "journal"


def test_nothing_is_built_where_something_runs_or_was_good(steps: AgentSteps) -> None:
    # Slot b runs, a was good last: a journal that was lost leaves such a device behind.
    assert Slots(steps.slots.folder.parent, running="b").idle is None
    assert isinstance(ordered(steps, "3.0.0", running="b"), Failed)


def test_the_installed_program_is_the_way_back_from_the_first_update(steps: AgentSteps) -> None:
    steps.slots.forget("b")
    steps.slots.confirm(BASE)
    assert ordered(steps, "2.0.0", running=BASE, counter=1).is_running
    steps.slots.confirm("a")
    found = replace(steps, running_version="2.5.0")
    assert ordered(found, "2.0.0") == Done(from_version="2.5.0", is_here=True)
    steps.counters.forbid({AGENT: 1})
    with pytest.raises(ReleaseError, match="forbidden"):
        ordered(found, "2.0.0")


def test_what_runs_does_not_stand_for_a_release_of_its_version_with_a_higher_counter(steps: AgentSteps) -> None:
    steps.slots.note("a", KeptAgent(sha256="0b" * 32, version="2.0.0", counter=3))
    assert ordered(steps, "2.0.0").is_running
    with pytest.raises(pytest.fail.Exception, match="repository was asked"):
        ordered(steps, "2.0.0", counter=4)
    steps.slots.confirm(BASE)
    with pytest.raises(pytest.fail.Exception, match="repository was asked"):
        ordered(steps, "2.0.0", running=BASE, counter=4)


def test_a_slot_is_nothing_whole_from_before_it_is_emptied(steps: AgentSteps) -> None:
    """A crash in the middle of emptying must not leave a slot that says it is whole."""
    steps.slots.confirm("b")
    steps.slots.confirm("a")
    path = steps.slots.path("b")
    release = Release(
        v=1,
        kind="agent",
        name="skerry",
        version="3.0.0",
        counter=4,
        boards=("x",),
        python="py3",
        abi="none",
        platform="any",
    )
    steps.incoming.mkdir()
    archive = steps.incoming / ("1" * 64)
    with tarfile.open(archive, "w"):
        pass
    target = Target(path="x", location="x", sha256=archive.name, length=archive.stat().st_size)
    record = structs.replace(back(), state="stage", choice=Choice(release=release, target=target))

    def cut_off(slot: Path, wheelhouse: Path) -> None:
        assert slot == path
        raise Cut

    with pytest.raises(Cut):
        replace(steps, build=cut_off).take(record)
    assert steps.slots.kept("b") is None
    assert not (path / PROVED).exists()
    assert [one.name for one in steps.incoming.iterdir()] == [archive.name], "what was unpacked is not left lying"


class Cut(BaseException):
    """The power is cut."""

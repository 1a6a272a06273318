"""A device whose agent runs from its slots: lives that the launcher begins, one after the other, in one process.

What is real: the launcher's choice, the slots and their links, the duty, its journal and the steps. What is not: what a
slot is built of, which is two small files, and the programs that would be started from it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos.ota_agent import MAX_TURNS, Life
from chaos.ota_cells import LostError
from chaos.ota_inline_worker import InlineWorker
from chaos.ota_world import PROBATION_S, World
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.updates.agent_trial import AgentTrial, settle
from skerry_edge.agent.updates.substitute import Substitute
from skerry_edge.agent.updates.updates import Trial
from skerry_edge.contracts.messages import Desired, UpdateOrder
from skerry_edge.foundation.errors import VerdictError
from skerry_edge.ota import launcher, worker
from skerry_edge.ota.agent_steps import AgentSteps
from skerry_edge.ota.job import Job
from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.places import Places
from skerry_edge.ota.preparing import Steps
from skerry_edge.ota.slots.slots import KeptAgent, Slots

OLD = "1.0.0"
PARTS = ("bin/skerry", "lib/agent.py")
"""What a slot is built of; each part says which version it is of."""
MAX_LIVES = 60
DEADLINE_S = 3600
OUTAGE_LIVES, OUTAGE_TURNS, OUTAGE_STEP_S = 6, 260, 15.0
"""So many lives, and turns of the loop in each, an agent gets on a disk that takes nothing: longer than any order."""


@dataclass
class SlotWorld(World):
    """A device; ``stillborn`` is the version that ends as soon as it is started, ``idle`` the one that does nothing.

    ``installed`` is the version that came with the installation, and runs where there is no slot.
    """

    stillborn: str = ""
    idle: str = ""
    installed: str = OLD

    def slots(self, running: str | None = None, passed: dict[str, str] | None = None) -> Slots:
        """Return the slots as an agent sees them that runs from one."""
        return Slots(self.state, running=running, passed=passed or {}, installed=self.installed)

    def settle_in(self, slot: str, version: str, sha256: str, counter: int) -> None:
        """Have a version in a slot, proved, and run it."""
        self.state.mkdir(parents=True, exist_ok=True)
        build(version, self.slots().path(slot))
        self.slots().note(slot, KeptAgent(sha256=sha256, version=version, counter=counter))
        self.slots().confirm(slot)

    def version_of(self, program: str) -> str:
        """Return the version of a slot, or of what was installed. Raises LostError where it is not whole."""
        if program == launcher.BASE:
            return self.installed
        try:
            return version_in(self.slots().path(program))
        except VerdictError as error:
            raise LostError(f"slot {program} is started, and is not whole") from error

    def launch(self) -> tuple[str, dict[str, str], float | None]:
        """Return what the launcher starts now, what it passed over, and how long it has until an alarm."""
        folder = self.slots().folder
        choice = launcher.choose(folder, self.now.boot, self.now.since_boot_s)
        return choice.programs[0], choice.passed, choice.trial_s


class SlotLife(Life):
    """One life of an agent that runs from ``program``."""

    def __init__(self, world: SlotWorld, desired: Desired | None, program: str, passed: dict[str, str]) -> None:
        self.slots = world.slots(program, passed)
        self.version = world.version_of(program)
        self.starts_anew = False
        super().__init__(world, desired)

    def worker(self) -> InlineWorker:
        """Return what stands for the worker's process."""
        return _SlotWorker(self.world, self.slots, self.version)

    def trial(self, record: Record, limits: Limits) -> Trial:  # noqa: ARG002  # as Life's
        """Return what acts on a record from INTENT on."""
        return AgentTrial(
            slots=self.slots,
            places=self.world.places,
            fleet=self.fleet,
            watch=self.watch,
            limits=limits,
            counters_lost=self.counters_lost,
            start_anew=self._start_anew,
            now=lambda: self.world.now,
        )

    def settle_agent(self) -> str | None:
        """End a trial of the agent that no journal knows of."""
        return settle(self.slots, self._start_anew)

    def substitute(self) -> Substitute:
        """Return what acts where the launcher has passed a version over."""
        return Substitute(self.slots, self.tell)

    def _start_anew(self) -> None:
        self.starts_anew = True

    def _apply(self, config: AgentConfig) -> None:  # noqa: ARG002  # the models are no matter here
        self.ran = self.version


class _SlotWorker(InlineWorker):
    def __init__(self, world: World, slots: Slots, version: str) -> None:
        super().__init__(world)
        self._slots = slots
        self._version = version

    def steps_of(self, job: Job, places: Places, record: Record) -> Steps:
        """Return the steps of the agent's own update."""
        steps = worker.steps_of(job, places, worker.supply_of(job, places), record)
        assert isinstance(steps, AgentSteps)  # noqa: S101  # of an agent
        return AgentSteps(
            slots=self._slots,
            counters=steps.counters,
            incoming=steps.incoming,
            supply=steps.supply,
            running_version=self._version,
            reserve_bytes=0,
            told=lambda _done, _total: None,
            build=lambda slot, wheelhouse: build((wheelhouse / "requirements.txt").read_text().strip(), slot),
            version_in=version_in,
            version_of=str,
        )


def build(version: str, slot: Path) -> None:
    """Make a slot of a version, its parts one after the other; what says that it is whole goes last."""
    for part in PARTS:
        (slot / part).unlink(missing_ok=True)
    if slot.exists():
        shutil.rmtree(slot)
    for part in PARTS:
        path = slot / part
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            file.write(version)
            file.flush()
            os.fsync(file.fileno())
    for folder in (*{(slot / part).parent for part in PARTS}, slot, slot.parent):
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def version_in(slot: Path) -> str:
    """Return the version that all parts of a slot are of. Raises VerdictError where they are not."""
    found = {(slot / part).read_text() if (slot / part).is_file() else None for part in PARTS}
    version = found.pop()
    if found or not version:
        raise VerdictError("the slot is not whole", where=str(slot))
    return version


def agent_desired(version: int, order: UpdateOrder) -> Desired:
    """Return a desired configuration with one order for the agent."""
    return Desired(v=1, version=version, ts=1, updates={"agent/skerry": order})


def lives_of(world: SlotWorld, wanted: Desired, turned: Callable[[SlotLife], None] = lambda _life: None) -> None:
    """Let the launcher begin one life after the other until what was ordered has come to its end.

    ``turned`` is called after each turn of a life. Raises LostError where that is never, or an agent had crashed.
    """
    for _ in range(MAX_LIVES):
        if _lived(world, wanted, turned):
            return
    raise LostError(f"it was started {MAX_LIVES} times")


def endured(world: SlotWorld, wanted: Desired) -> str:
    """Return the version that runs after some lives that the disk is no help in."""

    def wait(_life: SlotLife) -> None:
        world.clock_s += OUTAGE_STEP_S

    for _ in range(OUTAGE_LIVES):
        with suppress(_OutOfTurnsError):
            if not _lived(world, wanted, wait, OUTAGE_TURNS):
                continue
        break
    return world.version_of(os.environ[launcher.SLOT_VARIABLE])


class _OutOfTurnsError(LostError):
    """A life went on for longer than it was watched."""


def _lived(world: SlotWorld, wanted: Desired, turned: Callable[[SlotLife], None], turns: int = MAX_TURNS) -> bool:
    """Live one life, and return whether there is nothing left to do."""
    program, passed, trial_s = world.launch()
    version = world.version_of(program)
    rings_s = world.clock_s + (trial_s or 0.0) + 1.0
    _set_environment(world, program)
    if version == world.stillborn or (version == world.idle and trial_s is not None):
        # It ends at once, or when the alarm rings.
        world.clock_s = world.clock_s + 1.0 if version == world.stillborn else rings_s
        return False
    try:
        life = SlotLife(world, wanted, program, passed)
        for _ in range(turns):
            if not life.has_heard(wanted):
                life.hear(wanted)
            life.turn()
            turned(life)
            is_ended = trial_s is not None and world.clock_s > rings_s and life.slots.on_trial == program
            if life.starts_anew or is_ended:
                return False
            if life.has_heard(wanted) and life.is_idle:
                return True
    except LostError:
        raise
    except Exception as error:  # what leaves the loop ends the agent, whatever it is
        raise LostError(f"the agent crashed: {error!r}") from error
    raise _OutOfTurnsError(f"it never came to its end; it is in {life.state}")


def _set_environment(world: SlotWorld, program: str) -> None:
    start = json.dumps({"state": str(world.state), "base": world.installed, "passed": {}})
    told = {launcher.SLOT_VARIABLE: program, launcher.LAUNCHER_VARIABLE: "[]", launcher.START_VARIABLE: start}
    os.environ.update(told)


def slot_order(version: str, counter: int) -> UpdateOrder:
    """Return an order with time enough for every cell but the one whose agent does nothing."""
    return UpdateOrder(id="r1", version=version, counter=counter, probation_s=PROBATION_S, deadline_s=DEADLINE_S)

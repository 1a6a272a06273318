"""What each state of the agent's own update asks for until it is switched to: brought, checked, built and tried."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.release import AGENT
from skerry_edge.contracts.updates import UpdateState
from skerry_edge.foundation.errors import ReachError, SkerryError
from skerry_edge.ota.choice import Wanted
from skerry_edge.ota.incoming import clear
from skerry_edge.ota.launcher import BASE
from skerry_edge.ota.machine.happenings import Done, Failed, Happening
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.preparing import chosen
from skerry_edge.ota.slots import building
from skerry_edge.ota.slots.slots import NO_SLOT, KeptAgent, Slots
from skerry_edge.ota.supply import Supply
from skerry_edge.ota.transfer.fetching import Told
from skerry_edge.ota.transfer.told import failures_told
from skerry_edge.ota.transfer.unpacking import unpack
from skerry_edge.ota.trust.counters import CounterFloors, Counters
from skerry_edge.transfer.disk import need_room

BUILT_TIMES = 6
"""A release takes so many times its length while it is built: packed, unpacked, installed and compiled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentSteps:
    """The steps; ``running_version`` is this agent's, ``incoming`` is where downloads lie.

    ``build`` makes a slot of an unpacked release, ``version_in`` and ``version_of`` ask what is in a slot, and what a
    program is.
    """

    slots: Slots
    counters: CounterFloors
    incoming: Path
    supply: Supply
    running_version: str
    reserve_bytes: int
    told: Told
    build: Callable[[Path, Path], None] = building.build
    version_in: Callable[[Path], str] = building.version_in
    version_of: Callable[[str], str] = building.version_of

    def take(self, record: Record) -> Happening:
        """Do what the record's state asks for (see Steps)."""
        return _STEPS[record.state](self, record)

    def check(self, record: Record) -> Happening:
        """Find out what runs, and what is to be fetched.

        The slot of the version before is the way back to it, and before the first update the program installed.
        """
        order, counters = record.order, self.counters.read()
        if self.slots.running == BASE:
            self.slots.note_installed(self.running_version)
        if self._runs(record, counters):
            return Done(from_version=self.running_version, is_running=True)
        if record.was_lost:
            return Done(from_version=self.running_version)
        idle = self.slots.idle
        if idle is None or self.slots.on_trial is not None:
            # Another life has left more than the journal knows of; what runs or was good must not be built in.
            return Failed(reason="journal", detail=NO_SLOT)
        kept = self.slots.kept(idle)
        if kept is not None and kept.version == order.version and order.counter <= kept.counter:
            counters.refuse_forbidden(record.subject, kept.counter)
            return Done(from_version=self.running_version, to_sha256=kept.sha256, is_here=True)
        if self.slots.running != BASE and self.slots.installed and order.version == self.slots.installed_version:
            counters.refuse_forbidden_unsigned(record.subject)
            return Done(from_version=self.running_version, is_here=True)
        wanted = Wanted(kind="agent", name=AGENT, version=order.version, counter=order.counter)
        choice = self.supply.choose(wanted, None)
        clear(self.incoming, choice)
        return Done(from_version=self.running_version, to_sha256=choice.target.sha256, choice=choice)

    def _runs(self, record: Record, counters: Counters) -> bool:
        """Tell whether what is ordered runs, and has proved itself; the program installed needs no proof."""
        if record.order.version != self.running_version or not self.slots.is_settled:
            return False
        if self.slots.running == BASE:
            return counters.counts_unsigned(record.subject, record.order.counter)
        kept = self.slots.kept(self.slots.good)
        return kept is None or record.order.counter <= kept.counter

    def precheck(self, record: Record) -> Happening:
        """See whether there is room for the release and what is built from it."""
        with failures_told():
            self.incoming.mkdir(parents=True, exist_ok=True)
            need_room(self.incoming, BUILT_TIMES * chosen(record).target.length, reserve_bytes=self.reserve_bytes)
        return Done()

    def download(self, record: Record) -> Happening:
        """Bring the archive, going on where an earlier try stopped."""
        self.supply.fetch(chosen(record), self.incoming, None, self.told)
        return Done()

    def verify(self, record: Record) -> Happening:
        """Hold the archive as it lies on the disk against what was signed."""
        choice = chosen(record)
        self.supply.verify(choice.target, self.incoming / choice.target.sha256)
        return Done()

    def stage(self, record: Record) -> Happening:
        """Build the idle slot from it."""
        choice, release = chosen(record), chosen(record).release
        slot, wheelhouse = self.slots.idle, self.incoming / "wheelhouse"
        if slot is None or self.slots.on_trial is not None:
            return Failed(reason="journal", detail=NO_SLOT)
        try:
            unpack(self.incoming / choice.target.sha256, wheelhouse)
            self.slots.forget(slot)
            self.build(self.slots.path(slot), wheelhouse)
        except (ReachError, ReleaseError):
            raise
        except SkerryError as error:
            return Failed(reason="load", detail=str(error))
        finally:
            shutil.rmtree(wheelhouse, ignore_errors=True)
        self.slots.note(slot, KeptAgent(sha256=choice.target.sha256, version=release.version, counter=release.counter))
        return Done()

    def self_test(self, record: Record) -> Happening:
        """Import the new agent in its slot, and ask it for its version; a slot that fails is built anew next time."""
        slot = self.slots.idle
        if slot is None:
            return Failed(reason="journal", detail=NO_SLOT)
        try:
            found = self._version(slot, record)
        except ReachError:
            raise
        except SkerryError as error:
            if record.to_sha256 is not None:
                self.slots.forget(slot)
            return Failed(reason="load", detail=str(error))
        if found != record.order.version:
            return Failed(reason="golden", detail=f"it says that it is {found}, and {record.order.version} was signed")
        return Done()

    def _version(self, slot: str, record: Record) -> str:
        """Ask what is to be tried: a slot, or without a file the program that was installed."""
        if record.to_sha256 is None:
            return self.version_of(self.slots.installed)
        return self.version_in(self.slots.path(slot))


_STEPS: dict[UpdateState, Callable[[AgentSteps, Record], Happening]] = {
    "check": AgentSteps.check,
    "precheck": AgentSteps.precheck,
    "download": AgentSteps.download,
    "verify": AgentSteps.verify,
    "stage": AgentSteps.stage,
    "self-test": AgentSteps.self_test,
}

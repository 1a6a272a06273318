"""What each state of the agent's own update asks for until it is switched to: brought, checked, built and tried."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.contracts.release import AGENT
from skerry_edge.contracts.updates import UpdateState
from skerry_edge.foundation.errors import ReachError, SkerryError
from skerry_edge.ota.choice import Wanted
from skerry_edge.ota.machine.happenings import Done, Failed, Happening
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.preparing import chosen
from skerry_edge.ota.slots.building import build, version_in
from skerry_edge.ota.slots.slots import KeptAgent, Slots
from skerry_edge.ota.supply import Supply, Told
from skerry_edge.ota.transfer.told import failures_told
from skerry_edge.ota.transfer.unpacking import unpack
from skerry_edge.ota.trust.counters import CounterFloors
from skerry_edge.transfer.disk import need_room

BUILT_TIMES = 6
"""A release takes so many times its length while it is built: packed, unpacked, installed and compiled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentSteps:
    """The steps; ``running_version`` is this agent's, ``incoming`` is where downloads lie."""

    slots: Slots
    counters: CounterFloors
    incoming: Path
    supply: Supply
    running_version: str
    reserve_bytes: int
    told: Told

    def take(self, record: Record) -> Happening:
        """Do what the record's state asks for (see Steps)."""
        return _STEPS[record.state](self, record)

    def check(self, record: Record) -> Happening:
        """Find out what runs, and what is to be fetched; the slot of the version before is the way back to it."""
        order, counters = record.order, self.counters.read()
        if order.version == self.running_version:
            return Done(from_version=self.running_version, is_running=True)
        idle = self.slots.kept(self.slots.idle)
        if idle is not None and idle.version == order.version and order.counter <= idle.counter:
            counters.refuse_forbidden(record.subject, idle.counter)
            return Done(from_version=self.running_version, to_sha256=idle.sha256, is_here=True)
        wanted = Wanted(kind="agent", name=AGENT, version=order.version, counter=order.counter)
        choice = self.supply.choose(wanted, None)
        return Done(from_version=self.running_version, to_sha256=choice.target.sha256, choice=choice)

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
        choice = chosen(record)
        slot, wheelhouse = self.slots.idle, self.incoming / "wheelhouse"
        unpack(self.incoming / choice.target.sha256, wheelhouse)
        try:
            build(self.slots.path(slot), wheelhouse)
        except ReachError:
            raise
        except SkerryError as error:
            return Failed(reason="load", detail=str(error))
        release = choice.release
        self.slots.note(slot, KeptAgent(sha256=choice.target.sha256, version=release.version, counter=release.counter))
        shutil.rmtree(wheelhouse, ignore_errors=True)
        return Done()

    def self_test(self, record: Record) -> Happening:
        """Import the new agent in its slot, and ask it for its version."""
        try:
            found = version_in(self.slots.path(self.slots.idle))
        except ReachError:
            raise
        except SkerryError as error:
            return Failed(reason="load", detail=str(error))
        if found != record.order.version:
            return Failed(reason="golden", detail=f"it says that it is {found}, and {record.order.version} was signed")
        return Done()


_STEPS: dict[UpdateState, Callable[[AgentSteps, Record], Happening]] = {
    "check": AgentSteps.check,
    "precheck": AgentSteps.precheck,
    "download": AgentSteps.download,
    "verify": AgentSteps.verify,
    "stage": AgentSteps.stage,
    "self-test": AgentSteps.self_test,
}

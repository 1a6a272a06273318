"""The agent's own update from INTENT on: started from its slot by the launcher, watched by itself, kept or undone."""

from __future__ import annotations

from collections.abc import Callable

from skerry_edge.agent.updates.preparation import Fleet
from skerry_edge.agent.updates.watch import Watch
from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.updates import UpdateState
from skerry_edge.ota import instants, launcher
from skerry_edge.ota.machine.figures import Before, Figures
from skerry_edge.ota.machine.happenings import Done, Failed, Happening
from skerry_edge.ota.machine.health import verdict, verdict_at_end
from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.machine.record import Instant, Record
from skerry_edge.ota.places import Places
from skerry_edge.ota.slots.slots import NO_SLOT, Slots
from skerry_edge.ota.trust.counters import CounterFloors


class AgentTrial:
    """Acts on the agent; ``start_anew`` has this process end and the launcher begin again.

    The life that began the trial is not the one that sees it through: where the launcher has given the slot up, the
    agent that was good last finds out, undoes and reports. So what is done depends on who runs, which the journal
    cannot know; and the link `current` decides what is kept, whatever the journal said before.
    """

    def __init__(
        self,
        *,
        slots: Slots,
        places: Places,
        fleet: Fleet,
        watch: Watch,
        limits: Limits,
        counters_lost: Callable[[ReleaseError], None],
        start_anew: Callable[[], None],
        now: Callable[[], Instant] = instants.now,
    ) -> None:
        self._slots = slots
        self._counters = CounterFloors(places.counters)
        self._counters_lost = counters_lost
        self._fleet = fleet
        self._watch = watch
        self._limits = limits
        self._start_anew = start_anew
        self._now = now
        self._began_s: float | None = None

    def act(self, record: Record, now_s: float) -> Happening | None:
        """Do what the state asks for; None where that takes more time. Raises ReachError where the disk refuses."""
        return _ACTS[record.state](self, record, now_s)

    def undo(self) -> None:
        """Have the version before run where nothing can be written: a start that cannot be counted is not made."""
        if self._slots.is_out_of_place:
            self._start_anew()

    def intent(self, record: Record, now_s: float) -> Happening:
        """See that the slot is whole, and note how the version before has done."""
        idle = self._slots.idle
        if record.to_sha256 is not None and (idle is None or not self._holds(idle, record)):
            return Failed(reason="load", detail="the slot does not hold the new version any more")
        self._slots.clear_fallen()
        names = [one.name for one in self._fleet.in_force.pipelines]
        return Done(before=self._watch.before(names, now_s))

    def switch(self, record: Record, now_s: float) -> Happening | None:  # noqa: ARG002  # one signature for all states
        """Have the launcher start the slot; done in the life that it starts."""
        fallen = self._slots.fallen
        if fallen is not None:
            return Failed(reason="crashed", detail=fallen)
        if self._runs_new(record):
            return Done()
        if self._slots.on_trial is None:
            new = launcher.BASE if record.to_sha256 is None else self._slots.idle
            if new is None:
                return Failed(reason="journal", detail=NO_SLOT)
            self._slots.begin_trial(new, record.order.deadline_s - record.spent_s, self._now())
        self._start_anew()
        return None

    def probation(self, record: Record, now_s: float) -> Happening | None:
        """Watch how it does, and come to a verdict at the latest when its time is over."""
        if not self._runs_new(record):
            return self._given_up()
        if self._began_s is None:
            self._began_s = now_s
            self._watch.begin_trial(now_s)
        if record.before is None:
            return Failed(reason="journal", detail="the journal does not say how the version before has done")
        after = self._watch.after(self._names(record.before), now_s)
        if now_s - self._began_s < max(record.order.probation_s, self._limits.least_probation_s):
            return verdict(record.before, after, self._limits)
        return verdict_at_end(record.before, after, self._limits)

    def commit(self, record: Record, now_s: float) -> Happening:  # noqa: ARG002  # one signature for all states
        """Have the launcher start it for good, and never go below it again.

        A power cut may have come before this, and the launcher may have counted the last start: then the version before
        runs, and it is no success, whatever the journal says.
        """
        running = self._slots.running
        if running is None or not self._runs_new(record) or running not in (self._slots.on_trial, self._slots.good):
            return self._given_up()
        self._slots.confirm(running)
        if record.to_sha256 is not None:  # of the program installed no counter was signed
            self._counters.commit(record.subject, record.order.counter, self._counters_lost)
        return Done()

    def rollback(self, record: Record, now_s: float) -> Happening | None:  # noqa: ARG002  # one signature for all states
        """Have the launcher start the version before; done in the life that it starts."""
        self._slots.end_trial()
        if self._slots.is_out_of_place:
            self._start_anew()
            return None
        self._slots.clear_fallen()
        # Where the version before does not live any more, either, it is another one that tells of it.
        return Done(from_version=self._slots.running_version)

    def _runs_new(self, record: Record) -> bool:
        """Tell whether this agent is the one that was ordered; the program that was installed has no hash."""
        running = self._slots.running
        if running is None or running == launcher.BASE:
            return running is not None and record.to_sha256 is None
        return self._holds(running, record)

    def _holds(self, slot: str, record: Record) -> bool:
        kept = self._slots.kept(slot)
        return kept is not None and kept.sha256 == record.to_sha256

    def _given_up(self) -> Failed:
        return Failed(reason="crashed", detail=self._slots.fallen or "the launcher started the version before")

    def _names(self, before: Before) -> list[str]:
        """Return the pipelines that must work: those that did before; a camera that was broken proves nothing."""
        running = [one.name for one in self._fleet.in_force.pipelines]
        return [name for name in running if before.pipelines.get(name, Figures()).frames]


def settle(slots: Slots, start_anew: Callable[[], None]) -> str | None:
    """End a trial that no journal knows of any more; return the slot that was given up, None where none was.

    It can be done again after a crash in it. Raises ReachError where the disk refuses.
    """
    given_up = slots.on_trial
    slots.end_trial()
    if slots.is_out_of_place:
        start_anew()
        return slots.running
    return given_up


_ACTS: dict[UpdateState, Callable[[AgentTrial, Record, float], Happening | None]] = {
    "intent": AgentTrial.intent,
    "switch": AgentTrial.switch,
    "probation": AgentTrial.probation,
    "commit": AgentTrial.commit,
    "rollback": AgentTrial.rollback,
}

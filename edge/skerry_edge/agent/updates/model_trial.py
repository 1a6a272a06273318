"""A model's update from INTENT on: switched to, watched, and kept or undone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from skerry_edge.agent.children.succession import Succession
from skerry_edge.agent.config.pipelines import PipelineConfig
from skerry_edge.agent.downlink.current_models import ModelUser
from skerry_edge.agent.updates.uses import use_of
from skerry_edge.agent.updates.watch import Watch
from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.updates import UpdateState
from skerry_edge.ota.machine.happenings import Done, Failed, Happening
from skerry_edge.ota.machine.health import verdict, verdict_at_end
from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.model_store import ModelStore
from skerry_edge.ota.places import Places
from skerry_edge.ota.trust.counters import CounterFloors


class Switchable(Protocol):
    """What is asked of the configuration that is in force."""

    def users(self, name: str) -> list[ModelUser]:
        """Return the pipelines that run a model, as they are in force."""
        ...

    def try_out(self, name: str | None) -> None:
        """Put into force what is on trial under a model's name; None for nothing but what has proved itself."""
        ...


class ModelTrial:
    """Acts on one model; to be made anew for each record."""

    def __init__(
        self,
        record: Record,
        *,
        places: Places,
        configuration: Switchable,
        succeed: Callable[[PipelineConfig], Succession],
        watch: Watch,
        limits: Limits,
        counters_lost: Callable[[ReleaseError], None],
    ) -> None:
        self._store = ModelStore(places.state_dir, record.name)
        self._counters = CounterFloors(places.counters)
        self._counters_lost = counters_lost
        self._name = record.name
        self._configuration = configuration
        self._succeed = succeed
        self._watch = watch
        self._limits = limits
        self._successions: list[Succession] | None = None
        self._began_s: float | None = None

    def act(self, record: Record, now_s: float) -> Happening | None:
        """Do what the state asks for; None where that takes more time. Raises ReachError where the disk refuses."""
        return _ACTS[record.state](self, record, now_s)

    def undo(self) -> None:
        """Run what ran before, without a word on the disk, and also where that takes nothing."""
        self._configuration.try_out(None)

    def intent(self, record: Record, now_s: float) -> Happening:
        """Note what to go back to, and how that did."""
        self._store.hold_before(record.from_sha256)
        return Done(before=self._watch.before(self._users(), now_s))

    def switch(self, record: Record, now_s: float) -> Happening | None:
        """Load the new model beside the old one where that can be, and have it take over."""
        sha256 = record.to_sha256
        if sha256 is not None and self._store.kept(sha256) is None:
            return Failed(reason="load", detail="the new version is not in the store any more")
        if self._successions is None:
            self._successions = [self._succeed(one) for one in self._successors(sha256)]
        failed = next((one.failed for one in self._successions if one.failed is not None), None)
        if failed is not None:
            return Failed(reason="load", detail=failed)
        if not all(one.is_done for one in self._successions):
            return None
        self._store.switch_to(sha256)
        self._configuration.try_out(self._name)
        self._watch.begin_trial(now_s)
        return Done()

    def probation(self, record: Record, now_s: float) -> Happening | None:
        """Watch how it does, and come to a verdict at the latest when its time is over."""
        if self._began_s is None:
            self._began_s = now_s
            # After a restart of the agent it is not in force: nothing is before the journal says that it is watched.
            self._configuration.try_out(self._name)
            self._watch.begin_trial(now_s)
        users = self._users()
        if not users or record.before is None:
            return Failed(reason="not-used", detail="nothing on the device runs it any more")
        after = self._watch.after(users, now_s)
        if now_s - self._began_s < max(record.order.probation_s, self._limits.least_probation_s):
            return verdict(record.before, after, self._limits)
        return verdict_at_end(record.before, after, self._limits)

    def commit(self, record: Record, now_s: float) -> Happening:  # noqa: ARG002  # one signature for all states
        """Note that it has proved itself, and never go below it again."""
        # Here, and not before it has proved itself: a bad release must not bar the way to the good one. And before that
        # is noted: what has proved itself counts as committed, should the journal be lost.
        if record.to_sha256 is not None:  # of the device's own file no counter was signed
            self._counters.commit(record.subject, record.order.counter, self._counters_lost)
        self._store.prove(record.to_sha256, record.from_sha256)
        self._configuration.try_out(None)
        return Done()

    def rollback(self, record: Record, now_s: float) -> Happening:  # noqa: ARG002  # one signature for all states
        """Run what ran before: at once, whether the disk takes it or not."""
        for one in self._successions or ():
            one.drop()
        self._configuration.try_out(None)
        self._store.switch_to(record.from_sha256)
        self._store.end_trial()
        return Done()

    def _users(self) -> list[str]:
        return [one.name for one in self._configuration.users(self._name)]

    def _successors(self, sha256: str | None) -> Sequence[PipelineConfig]:
        """Return the pipelines that can load the new model beside the old one, as they will be."""
        users = self._configuration.users(self._name)
        beside = [one for one in users if one.pipeline.is_endless and not use_of(one).exclusive]
        if sha256 is None:
            return [one.with_own() for one in beside]
        return [one.with_bundle(self._store.bundle(sha256)) for one in beside]


_ACTS: dict[UpdateState, Callable[[ModelTrial, Record, float], Happening | None]] = {
    "intent": ModelTrial.intent,
    "switch": ModelTrial.switch,
    "probation": ModelTrial.probation,
    "commit": ModelTrial.commit,
    "rollback": ModelTrial.rollback,
}

"""The parts of the updates' duty, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from selectors import BaseSelector
from typing import Any

from skerry_edge.agent.children.supervisor import Supervisor
from skerry_edge.agent.downlink.configuration import Configuration
from skerry_edge.agent.heartbeat.machine import Machine
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.mqtt.session import Session
from skerry_edge.agent.outbox.sink import Sink
from skerry_edge.agent.updates.agent_trial import AgentTrial, settle
from skerry_edge.agent.updates.jobs import job_of
from skerry_edge.agent.updates.keeping import Keeping
from skerry_edge.agent.updates.local_fleet import LocalFleet
from skerry_edge.agent.updates.lookout import Lookout
from skerry_edge.agent.updates.model_trial import ModelTrial
from skerry_edge.agent.updates.pictures import Pictures
from skerry_edge.agent.updates.preparation import Preparation
from skerry_edge.agent.updates.program import Program
from skerry_edge.agent.updates.reports import Reports
from skerry_edge.agent.updates.silence import Silence
from skerry_edge.agent.updates.substitute import Substitute
from skerry_edge.agent.updates.updates import Trial, Updates
from skerry_edge.agent.updates.watch import Watch
from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.updates import UpdateReport
from skerry_edge.ota.job import Job
from skerry_edge.ota.local_orders import LocalOrderFile
from skerry_edge.ota.looked import last_look
from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.places import Places
from skerry_edge.ota.slots.start import slots_here
from skerry_edge.ota.trust.clock import LocalClock
from skerry_edge.ota.trust.floors import FloorFile
from skerry_edge.ota.trust.place import TrustPlace

COUNTERS_DAMAGED = "update-counters-damaged"
"""The label of the system event that says that release counters were lost; what is signed is learnt anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """The agent around its updates; ``environment`` is the worker's, ``tell`` reports a system event.

    ``start_anew`` has the agent end in good order and begin again.
    """

    state_dir: Path
    configuration: Configuration
    supervisor: Supervisor
    machine: Machine
    session: Session
    identity: Identity
    outbox: Sink
    selector: BaseSelector
    environment: Mapping[str, str]
    tell: Callable[[str, str], None]
    start_anew: Callable[[], None]

    @property
    def is_connected(self) -> bool:
        """Whether the broker has taken the connection."""
        return self.session.is_connected

    def heat(self) -> dict[str, Any]:
        """Return the fields of a Heartbeat that are about temperatures."""
        return self.machine.heat()

    def stamp(self) -> dict[str, Any]:
        """Return what every message begins with."""
        return self.identity.stamp()

    def send(self, message: UpdateReport) -> None:
        """Have a message sent; on return it is in the outbox."""
        self.outbox.put((self.identity.topic("update"), message))
        self.session.wake()


def updates_of(around: Surroundings) -> Updates:
    """Return the duty."""
    places = Places(around.state_dir)
    slots = slots_here(around.state_dir)
    keeping = Keeping(
        places,
        tell=around.tell,
        apply=around.configuration.apply,
        settle_agent=partial(settle, slots, around.start_anew),
    )
    fleet = LocalFleet(around.configuration, LocalOrderFile(around.state_dir))
    watch = Watch(around.supervisor, around)

    def counters_lost(damage: ReleaseError) -> None:
        around.tell(COUNTERS_DAMAGED, f"{damage}; it was set aside, and a new one begun")

    pictures = Pictures(places.pictures, around.supervisor.order)
    # A life that was killed could not.
    pictures.drop()

    def trial(record: Record, limits: Limits) -> Trial:
        if record.subject.startswith("agent/"):
            return AgentTrial(
                slots=slots,
                places=places,
                fleet=fleet,
                watch=watch,
                limits=limits,
                counters_lost=counters_lost,
                start_anew=around.start_anew,
            )
        return ModelTrial(
            record,
            places=places,
            configuration=around.configuration,
            succeed=around.supervisor.succeed,
            watch=watch,
            limits=limits,
            counters_lost=counters_lost,
        )

    def look() -> Job:
        config = fleet.in_force
        assert config.ota is not None  # noqa: S101  # without it the duty does nothing
        return job_of(config, config.ota, around.state_dir)

    lookout = Lookout(
        Program(around.selector, around.environment),
        Silence(FloorFile(TrustPlace.below(places.ota).floors), LocalClock(lambda: False), around.tell),
        look,
        lambda: last_look(places.ota),
        around.tell,
    )
    return Updates(
        fleet=fleet,
        keeping=keeping,
        preparation=Preparation(
            keeping,
            fleet,
            Program(around.selector, around.environment, on_end=pictures.drop),
            pictures,
            around.state_dir,
            lookout.rest,
        ),
        trial=trial,
        watch=watch,
        lookout=lookout,
        substitute=Substitute(slots, around.tell),
        reports=Reports(around),
    )

"""An update from CHECK to SELF-TEST as the agent sees it: when its worker is started, and when it is ended."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.downlink.current_models import ModelUser
from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.updates.beginning import Beginning, beginning
from skerry_edge.agent.updates.jobs import job_of
from skerry_edge.agent.updates.keeping import Keeping
from skerry_edge.agent.updates.orders import is_superseded
from skerry_edge.agent.updates.pictures import Pictures
from skerry_edge.agent.updates.program import Program
from skerry_edge.agent.updates.uses import use_of_all
from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.contracts.release import AGENT
from skerry_edge.foundation.backoff import Backoff
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.ota.job import Job, Progress
from skerry_edge.ota.machine.happenings import Failed, Happening, Overdue, Refused, Superseded
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.settings import OtaSettings
from skerry_edge.ota.slots.start import running_slot

_log = logging.getLogger(__name__)
LOOK_S = 0.5
"""How often the journal is looked into while the worker writes it."""
RETRY_S = 5.0
_NO_LAUNCHER = "the agent was not started by its launcher, so it has no slots to be updated in"
AGAIN = Backoff(first_s=15.0, max_s=900.0)
"""Between two tries to prepare one update."""


class Fleet(Protocol):
    """What is asked of the configuration."""

    @property
    def in_force(self) -> AgentConfig:
        """Return what the agent runs with."""
        ...

    @property
    def updates(self) -> Mapping[str, UpdateOrder]:
        """Return what is ordered, by subject."""
        ...

    def users(self, name: str) -> list[ModelUser]:
        """Return the pipelines that run a model, as they are in force."""
        ...

    def is_given_here(self, order: str) -> bool:
        """Tell whether an order was given at the device itself."""
        ...

    def settings_for(self, order: str, settings: OtaSettings) -> OtaSettings:
        """Return the settings that an order is worked on with."""
        ...


class Preparation:
    """Has the worker take the update under way as far as it comes without touching what runs."""

    def __init__(
        self,
        keeping: Keeping,
        fleet: Fleet,
        program: Program,
        pictures: Pictures,
        state_dir: Path,
        make_way: Callable[[], None],
        again: Backoff = AGAIN,
    ) -> None:
        """Prepare; ``make_way`` ends whatever else is at the repository: two workers share what they write."""
        self._keeping = keeping
        self._fleet = fleet
        self._program = program
        self._pictures = pictures
        self._state_dir = state_dir
        self._make_way = make_way
        self._again = again
        self._order = ""
        self._seen_s = 0.0
        self._tries = 0
        self._due_s = 0.0
        self._was_started = False
        self._waits: Beginning | None = None

    @property
    def is_running(self) -> bool:
        """Whether a worker is at it."""
        return self._program.is_running

    @property
    def progress(self) -> Progress | None:
        """The newest that the worker told of its download."""
        return self._program.progress

    def as_it_waits(self, record: Record) -> Record:
        """Return a record with the reason why it has not begun, where that is nothing but its turn or its window."""
        return record if self._waits is None or record.order.id != self._order else self._waits.of(record)

    def act(self, record: Record, settings: OtaSettings, now_s: float) -> float:
        """Do what is due, and return when there is more. Raises ReachError where the journal cannot be used."""
        settings = self._fleet.settings_for(record.order.id, settings)
        self._waits = None
        if record.order.id != self._order:
            self._program.kill()
            self._order, self._seen_s, self._tries, self._due_s = record.order.id, now_s, 0, 0.0
            self._was_started = False
        problem = self._problem(record)
        if problem is not None:
            self._program.kill()
            self._was_started = False
            self._keeping.forget()
            self._keeping.note(problem)
            return now_s
        if self._program.is_running:
            under_way = self._keeping.read().record
            if under_way is not None and under_way.state == "self-test":
                self._pictures.ask(self._pipelines(under_way, settings))
            return now_s + LOOK_S
        if self._was_started:
            return self._ended(record, now_s)
        begins = self._begins(record, settings, now_s)
        due_s = max(self._due_s, begins.due_s)
        if now_s < due_s:
            self._waits = begins
            return due_s
        return self._start(record, settings, now_s)

    def close(self) -> None:
        """End the worker; the agent's next life starts another."""
        self._program.kill()

    def _problem(self, record: Record) -> Happening | None:
        """Return what speaks against going on."""
        if is_superseded(record, self._fleet.updates):
            return Superseded()
        if self._keeping.is_overdue:
            return Overdue()
        if record.subject == f"agent/{AGENT}":
            return None if running_slot() is not None else Refused(reason="not-used", detail=_NO_LAUNCHER)
        if not self._fleet.users(record.name):
            return Refused(reason="not-used", detail=f"no pipeline's model is called '{record.name}'")
        return None

    def _begins(self, record: Record, settings: OtaSettings, now_s: float) -> Beginning:
        """Return when the order may begin; only a fresh one waits."""
        if record.state != "check" or record.entries or self._tries:
            return Beginning(due_s=now_s)
        local = datetime.now().astimezone().time() if clock_state() == "synced" else None
        device = self._fleet.in_force.device
        return beginning(record.order.id, device, settings, seen_s=self._seen_s, now_s=now_s, local=local)

    def _start(self, record: Record, settings: OtaSettings, now_s: float) -> float:
        self._make_way()
        try:
            self._program.start(self._job(record, settings))
        except ReleaseError as error:
            self._keeping.note(Refused(reason=error.reason, detail=str(error)))
            return now_s
        except SkerryError as error:
            self._keeping.note(Failed(reason="load", detail=str(error)))
            return now_s
        except OSError as error:
            _log.warning("the update worker cannot be started: %s", error.strerror)
            return now_s + RETRY_S
        self._was_started = True
        return now_s + LOOK_S

    def _job(self, record: Record, settings: OtaSettings) -> Job:
        use = None
        if not record.subject.startswith("agent/"):
            pictures = self._pictures.places(self._pipelines(record, settings))
            use = replace(use_of_all(self._fleet.users(record.name)), pictures=pictures)
        order = record.order.id
        is_at_hand = self._fleet.is_given_here(order)
        return job_of(self._fleet.in_force, settings, self._state_dir, order=order, use=use, is_at_hand=is_at_hand)

    def _pipelines(self, record: Record, settings: OtaSettings) -> list[str]:
        """Return the pipelines that leave what they saw last for a model to be tried on."""
        pipelines = [one.pipeline for one in self._fleet.users(record.name)]
        return [one.name for one in pipelines if settings.replays and isinstance(one, DetectionPipeline)]

    def _ended(self, record: Record, now_s: float) -> float:
        """Go on from where the worker came to; where it came nowhere, try again after a while."""
        self._was_started = False
        after = self._keeping.read().record
        if after is not None and after.reason is not None and self._fleet.is_given_here(after.order.id):
            # Who stands beside the device waits for an answer, and can give the order again.
            self._keeping.note(Overdue())
            return now_s
        if after is not None and after.state == record.state:
            self._tries += 1
            chance = random.random()  # noqa: S311  # spreads retries; nothing secret
            self._due_s = now_s + self._again.delay_s(self._tries, chance)
            why = after.detail or "its worker ended without a word"
            wait_s = self._due_s - now_s
            _log.warning("update %s waits in %s for %.0f s: %s", after.order.id, after.state, wait_s, why)
        return now_s

"""The update worker's steps in the agent's own process, at once; only the models are not run."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from chaos.ota_world import World
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.ota import worker
from skerry_edge.ota.agent_steps import AgentSteps
from skerry_edge.ota.confirmed import Confirmed
from skerry_edge.ota.job import Job, Progress
from skerry_edge.ota.journal import JournalFile
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.model_steps import ModelSteps
from skerry_edge.ota.places import Places
from skerry_edge.ota.preparing import Steps, prepare
from skerry_edge.ota.self_test.measured import Measured, Subject
from skerry_edge.ota.supply import SignedSupply


class InlineWorker:
    """Stands for a Program: what it is started for is done when it returns."""

    is_running = False
    progress: Progress | None = None

    def __init__(self, world: World) -> None:
        self.world = world

    def start(self, job: Job) -> None:
        """Do what the worker does; what ends it is found in the journal, or not."""
        with suppress(SkerryError):
            self._work(msgspec.structs.replace(job, is_clock_synchronised=self.world.synchronised))

    def kill(self) -> None:
        """Do nothing: it is done before anybody could."""

    def supply_of(self, job: Job, places: Places) -> SignedSupply:
        """Return where the device's releases come from."""
        return worker.supply_of(job, places)

    def steps_of(self, job: Job, places: Places, record: Record) -> Steps:
        """Return the steps of an update, with what a model would have told in the place of running it."""
        steps = worker.steps_of(job, places, self.supply_of(job, places), record)
        if isinstance(steps, ModelSteps):
            return replace(steps, measure=_measured, told=_unheard)
        assert isinstance(steps, AgentSteps)  # noqa: S101  # there is no third kind
        return replace(steps, told=_unheard)

    def _work(self, job: Job) -> None:
        places = Places(Path(job.state_dir))
        journal_file = JournalFile(places.ota)
        record = journal_file.read().record
        if record is not None:
            confirm = self.supply_of(job, places).confirm
            steps = _Noticed(self.world, Confirmed(self.steps_of(job, places, record), confirm))
            prepare(journal_file, steps, lambda: self.world.now)


class _Noticed:
    """Steps before which the world may change."""

    def __init__(self, world: World, steps: Steps) -> None:
        self._world = world
        self._steps = steps

    def take(self, record: Record) -> Any:  # noqa: ANN401  # a Happening
        """Let happen what is to happen in this state, and take the step."""
        self._world.at.pop(record.state, lambda: None)()
        return self._steps.take(record)


def _unheard(done_bytes: int, total_bytes: int) -> None:
    """Have nobody told how a download goes."""


def _measured(subject: Subject) -> Measured:  # noqa: ARG001  # all are alike
    return Measured(sqnr_db=99.0, needed_db=60.0, inference_ms=10.0, peak_mb=100.0, labels=(), seen=())

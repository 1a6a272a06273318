"""All pipelines of the agent: one worker each, one selector for all of their streams."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from selectors import BaseSelector
from typing import Literal

from skerry_edge.agent.children import supervision
from skerry_edge.agent.children.hosts import Hosts
from skerry_edge.agent.children.load_times import LoadTimes
from skerry_edge.agent.children.mutes import Mutes
from skerry_edge.agent.children.opener import Opener
from skerry_edge.agent.children.succession import Succession
from skerry_edge.agent.children.tally import Tally
from skerry_edge.agent.children.worker import OnFinding, Worker
from skerry_edge.agent.config.pipelines import PipelineConfig
from skerry_edge.agent.life.loop import NEVER_S, serve
from skerry_edge.agent.line.protocol import Order, Picture
from skerry_edge.contracts.messages import PipelineVitals

_LEAVE_S = 1.5
"""So long a pipeline that is to end has to give up its source: a camera's program takes a second at most."""


class Supervisor:
    """Starts, watches and ends the pipelines' children.

    The caller owns the selector and calls what it finds there; `act` does what time makes due.
    """

    def __init__(
        self,
        pipelines: Sequence[PipelineConfig],
        *,
        log_level: str,
        selector: BaseSelector,
        environment: Mapping[str, str],
        mutes: Mutes,
        load_times: LoadTimes,
        on_finding: OnFinding,
    ) -> None:
        """Prepare the pipelines; ``environment`` is the children's, ``on_finding`` accepts what they report."""
        self._selector = selector
        self._log_level = log_level
        self._hosts = Hosts(environment=environment, selector=selector)
        self._mutes = mutes
        self._load_times = load_times
        self._on_finding = on_finding
        self._workers = [self._worker_for(one) for one in pipelines]
        self._waiting: list[Worker] = []
        self._leaving: list[Worker] = []
        self._leave_by_s = NEVER_S
        self._successions: list[Succession] = []

    def act(self, now_s: float) -> float:
        """Start and kill what is due, and return when there is something to do next (monotonic seconds)."""
        self._see_off(now_s)
        at_work = [worker for worker in self._workers if worker not in self._waiting]
        for worker in at_work:
            worker.act(now_s)
        succession_s = self._act_on_successions(now_s)
        return min((self._leave_by_s, succession_s, *(worker.due_s for worker in at_work)))

    def _act_on_successions(self, now_s: float) -> float:
        """Have those take over who may, and return when there is more to do."""
        for succession in self._successions:
            if succession.act(now_s):
                self._workers[self._workers.index(succession.old)] = succession.new
            elif succession.failed is not None and succession.has_left:
                self.restart(succession.old.pipeline.name)
        self._successions = [one for one in self._successions if one.old in self._workers and one.failed is None]
        return min((one.due_s for one in self._successions), default=NEVER_S)

    def succeed(self, pipeline: PipelineConfig) -> Succession:
        """Begin to put a pipeline in the place of the one of its name, beside which its child loads."""
        old = next(worker for worker in self._workers if worker.pipeline.name == pipeline.name)
        opener = Opener(pipeline, log_level=self._log_level, hosts=self._hosts, load_times=self._load_times)
        succession = Succession(old, self._worker_for(pipeline), opener, time.monotonic())
        self._successions.append(succession)
        return succession

    def tally(self, pipeline: str) -> Tally | None:
        """Return what a pipeline did since it was set up, None where there is none of that name."""
        return next((one.tally for one in self._workers if one.pipeline.name == pipeline), None)

    def pid(self, pipeline: str) -> int | None:
        """Return the process id of a pipeline's child while there is one."""
        return next((one.pid for one in self._workers if one.pipeline.name == pipeline), None)

    def apply(self, pipelines: Sequence[PipelineConfig], log_level: str) -> None:
        """Run these pipelines from now on; those that are as they were are left alone.

        What is new begins when what it replaces has given up its source, or was killed.
        """
        self._log_level = log_level
        kept = {worker.pipeline.name: worker for worker in self._workers if worker.pipeline in pipelines}
        for worker in kept.values():
            worker.set_log_level(log_level)
        self._replace(pipelines, kept)

    def _replace(self, pipelines: Sequence[PipelineConfig], kept: Mapping[str, Worker]) -> None:
        """Go on with these pipelines: with the workers that are ``kept``, by name, and with new ones for the others."""
        for succession in self._successions:
            succession.drop()
            if succession.has_left:
                kept = {name: worker for name, worker in kept.items() if worker is not succession.old}
        self._successions = []
        for worker in self._workers:
            if worker.pipeline.name not in kept:
                worker.terminate()
                self._leaving.append(worker)
        new = {one.name: self._worker_for(one) for one in pipelines if one.name not in kept}
        self._workers = [kept.get(one.name) or new[one.name] for one in pipelines]
        self._waiting = [*(one for one in self._waiting if one in self._workers), *new.values()]
        self._leave_by_s = time.monotonic() + _LEAVE_S

    def _worker_for(self, pipeline: PipelineConfig) -> Worker:
        return Worker(
            pipeline,
            log_level=self._log_level,
            hosts=self._hosts,
            mutes=self._mutes,
            load_times=self._load_times,
            on_finding=self._on_finding,
        )

    def _see_off(self, now_s: float) -> None:
        """Let those who wait begin once nobody is left whom they replace."""
        if now_s >= self._leave_by_s:
            for worker in self._leaving:
                worker.kill()
        self._leaving = [worker for worker in self._leaving if worker.pid is not None]
        if not self._leaving:
            self._waiting, self._leave_by_s = [], NEVER_S

    def status(self) -> tuple[Literal["online", "degraded"], str | None]:
        """Return the device's state and the reason where it is degraded."""
        return supervision.device_status(
            (worker.pipeline.name, worker.trouble) for worker in self._workers if worker.trouble is not None
        )

    def take_vitals(self) -> list[PipelineVitals]:
        """Return each pipeline's window since the last call."""
        return [worker.take_vitals() for worker in self._workers]

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many objects of each label are there now, under `pipeline` and under `pipeline/zone`.

        A pipeline of which nothing is known is absent.
        """
        counts: dict[str, dict[str, int]] = {}
        for worker in self._workers:
            if worker.counts is not None:
                counts[worker.pipeline.name] = worker.counts.everywhere
                zones = worker.counts.zones.items()
                counts |= {f"{worker.pipeline.name}/{zone}": of_zone for zone, of_zone in zones}
        return counts

    def models(self) -> dict[str, str]:
        """Return what runs in each pipeline: its model and that one's version."""
        return {one.pipeline.name: f"{one.vitals.model} {one.vitals.model_version}" for one in self._workers}

    def restart(self, pipeline: str) -> None:
        """Start a pipeline's child anew, whatever it does and however often it has failed.

        It has time to give up its source, like one whose configuration has changed.
        """
        kept = {worker.pipeline.name: worker for worker in self._workers if worker.pipeline.name != pipeline}
        self._replace([worker.pipeline for worker in self._workers], kept)

    def order(self, pipeline: str, order: Order) -> bool:
        """Pass an order on to a pipeline's child; False where there is none that could take it."""
        return any(worker.order(order) for worker in self._workers if worker.pipeline.name == pipeline)

    def take_pictures(self) -> list[Picture]:
        """Return the pictures that the children answered with since the last call."""
        return [picture for worker in self._workers for picture in worker.take_pictures()]

    def stop(self, deadline_s: float) -> None:
        """End every child: asked first, killed at ``deadline_s``; what they report until then is accepted."""
        everyone = (*self._workers, *self._leaving)
        for succession in self._successions:
            succession.drop()
        for worker in everyone:
            worker.terminate()
        while any(worker.pid is not None for worker in everyone):
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                break
            serve(self._selector, left_s)
        for worker in everyone:
            worker.kill()

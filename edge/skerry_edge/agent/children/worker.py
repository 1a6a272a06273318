"""One pipeline as the supervisor sees it: its child, what it told, and what it may not hear."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from skerry_edge.agent.children import supervision
from skerry_edge.agent.children.account import Account
from skerry_edge.agent.children.attempt import Attempt
from skerry_edge.agent.children.hosts import Hosts
from skerry_edge.agent.children.load_times import LoadTimes
from skerry_edge.agent.children.mutes import Mutes
from skerry_edge.agent.children.opener import Opener
from skerry_edge.agent.children.runner import Runner
from skerry_edge.agent.children.tally import Tally
from skerry_edge.agent.children.vitals import VitalsCollector
from skerry_edge.agent.config.pipelines import PipelineConfig
from skerry_edge.agent.line.protocol import Counts, Finding, Order, Picture, Ready
from skerry_edge.contracts.messages import PipelineVitals

OnFinding = Callable[["Worker", Finding], None]


class Worker:
    """Keeps one pipeline at work, and answers for it."""

    def __init__(
        self,
        pipeline: PipelineConfig,
        *,
        log_level: str,
        hosts: Hosts,
        mutes: Mutes,
        load_times: LoadTimes,
        on_finding: OnFinding,
    ) -> None:
        self.pipeline = pipeline
        self._mutes = mutes
        self._account = Account(
            pipeline,
            is_muted=lambda: mutes.is_muted(pipeline.name),
            on_finding=lambda finding: on_finding(self, finding),
        )
        self._runner = Runner(
            pipeline,
            Opener(pipeline, log_level=log_level, hosts=hosts, load_times=load_times),
            on_report=self._account.take,
            on_gone=self._account.forget_child,
            on_failed=self._account.tally.fail,
            is_source_well=lambda: self._account.source_trouble is None,
        )

    @property
    def due_s(self) -> float:
        """When `act` has something to do, on the monotonic clock."""
        return self._runner.due_s

    @property
    def pid(self) -> int | None:
        """The child's process id while there is one."""
        return self._runner.pid

    @property
    def vitals(self) -> VitalsCollector:
        """What the pipeline did since the last heartbeat."""
        return self._account.vitals

    @property
    def tally(self) -> Tally:
        """What the pipeline did since it was set up."""
        return self._account.tally

    @property
    def trouble(self) -> str | None:
        """Why the pipeline is not as it should be, or None."""
        return self._account.source_trouble or self._runner.trouble

    @property
    def counts(self) -> Counts | None:
        """How many objects are there now, None where nothing is known."""
        return self._account.counts

    def act(self, now_s: float) -> None:
        """Do what is due with the child, and have it hear no more than it may."""
        self._runner.act(now_s)
        self._runner.hush(muted=self._mutes.is_muted(self.pipeline.name))

    def inherit(self, attempt: Attempt, ready: Ready) -> None:
        """Begin with a child that stands by instead of starting one."""
        self._runner.inherit(attempt, ready)

    def order(self, order: Order) -> bool:
        """Pass an order on to the child; False where there is none that could take it."""
        return self._runner.order(order)

    def set_log_level(self, level: str) -> None:
        """Have this child and all later ones log from this level on."""
        self._runner.set_log_level(level)

    def take_pictures(self) -> list[Picture]:
        """Return the pictures that came since the last call."""
        return self._account.take_pictures()

    def take_vitals(self) -> PipelineVitals:
        """Return the window since the last call."""
        life = self._runner.life
        state = supervision.vitals_state(life)
        is_blind = self._account.source_trouble is not None and state == "running"
        vitals = self.vitals.take("failing" if is_blind else state, self.pid)
        return msgspec.structs.replace(
            vitals,
            muted=self._mutes.is_muted(self.pipeline.name),
            failures=life.failures,
            held=supervision.is_held(life),
            shares_process=self._runner.shares_process,
        )

    def terminate(self) -> None:
        """Ask the child to end, and start no other."""
        self._runner.terminate()

    def kill(self) -> None:
        """End the child now, if it is still there."""
        self._runner.kill()

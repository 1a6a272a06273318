"""What a simulated device makes of update orders: it goes through the phases, a step with each heartbeat, and answers.

Nothing is drawn by chance, so that orders change no other message: who fails is settled when the fleet is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.contracts.release import AGENT, REASONS
from skerry_edge.contracts.updates import UpdateOutcome, UpdateReport, UpdateState
from skerry_server.simulate.acts import Publish
from skerry_server.simulate.agent import SimulatedAgent
from skerry_server.simulate.networks import Network
from skerry_server.simulate.voice import Voice

PHASES: tuple[UpdateState, ...] = ("check", "download", "self-test", "probation")
TOTAL_BYTES = 2_000_000
ORDERS_KEPT = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How an order ends: a final outcome, and why."""

    outcome: UpdateOutcome
    reason: str | None = None
    detail: str | None = None


@dataclass(kw_only=True, slots=True)
class _Work:
    subject: str
    order: UpdateOrder
    phase: int = 0


COMMITTED = Ending(outcome="committed")
UNKNOWN = Ending(outcome="refused", reason="not-used", detail=REASONS["not-used"])
BROKEN_OFF = Ending(outcome="failed", reason="network", detail="the repository broke off")
UNHEALTHY = Ending(outcome="rolled-back", reason="crashed", detail="the pipeline crashed three times in its probation")


class Updates:
    """The orders of one agent; the newest of a subject holds, and each is worked on once."""

    def __init__(self, agent: SimulatedAgent, voice: Voice) -> None:
        self._agent = agent
        self._voice = voice
        self._known: dict[str, None] = {}
        self._work: dict[str, _Work] = {}

    def take_on(self, orders: Mapping[str, UpdateOrder], now_ms: int) -> Iterator[Publish]:
        """Begin with orders that are new, and say so."""
        for subject, order in orders.items():
            if order.id in self._known:
                continue
            self._known[order.id] = None
            for old in list(self._known)[:-ORDERS_KEPT]:
                del self._known[old]
            if self._version_of(subject) is None:
                yield self._end(_Work(subject=subject, order=order), UNKNOWN, now_ms)
                continue
            self._work[subject] = _Work(subject=subject, order=order)
            yield self._report(self._work[subject], "under-way", PHASES[0], now_ms)

    def go_on(self, now_ms: int) -> Iterator[Publish]:
        """Take the next step of every order, and say so."""
        for subject, work in list(self._work.items()):
            ending = self._ending(work)
            work.phase += 1
            if ending is None:
                yield self._report(work, "under-way", PHASES[work.phase], now_ms)
                continue
            del self._work[subject]
            yield self._end(work, ending, now_ms)

    def put_on(self, networks: Mapping[str, Network]) -> dict[str, Network]:
        """Return ``networks`` in the versions that updates brought."""
        brought = self._agent.releases
        return {
            pipeline: replace(one, version=brought[one.name]) if one.name in brought else one
            for pipeline, one in networks.items()
        }

    def _ending(self, work: _Work) -> Ending | None:
        """Return how an order ends after the phase that it is in; None where it goes on."""
        phase = PHASES[work.phase]
        if phase == "download" and self._agent.nature.fails_updates:
            return BROKEN_OFF
        if phase != "probation":
            return None
        return UNHEALTHY if work.order.version in self._agent.nature.bad_releases else COMMITTED

    def _end(self, work: _Work, ending: Ending, now_ms: int) -> Publish:
        state: UpdateState = "report" if ending.outcome == "committed" else "report-fail"
        report = self._report(work, ending.outcome, state, now_ms, reason=ending.reason, detail=ending.detail)
        if ending is COMMITTED:
            self._switch(work)
        return report

    def _switch(self, work: _Work) -> None:
        kind, _, name = work.subject.partition("/")
        if kind == "agent":
            self._agent.version = work.order.version
            return
        self._agent.releases[name] = work.order.version
        self._agent.networks = self.put_on(self._agent.networks)

    def _version_of(self, subject: str) -> str | None:
        kind, _, name = subject.partition("/")
        if kind == "agent":
            return self._agent.version if name == AGENT else None
        return next((one.version for one in self._agent.networks.values() if one.name == name), None)

    def _report(
        self,
        work: _Work,
        outcome: UpdateOutcome,
        state: UpdateState,
        now_ms: int,
        *,
        reason: str | None = None,
        detail: str | None = None,
    ) -> Publish:
        kind, _, name = work.subject.partition("/")
        known_kind: Literal["model", "agent"] = "agent" if kind == "agent" else "model"
        report = UpdateReport(
            **self._agent.stamp(now_ms),
            order=work.order.id,
            kind=known_kind,
            name=name,
            from_version=self._version_of(work.subject),
            to_version=work.order.version,
            state=state,
            outcome=outcome,
            reason=reason,
            detail=detail,
            progress_bytes=TOTAL_BYTES // 2 if state == "download" else None,
            total_bytes=TOTAL_BYTES if state == "download" else None,
        )
        return self._voice.say(report, now_ms)

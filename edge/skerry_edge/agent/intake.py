"""The way of what pipelines find: from a child's report to an event of this session in the outbox."""

from __future__ import annotations

import time

from skerry_edge.agent.identity import Identity
from skerry_edge.agent.outbox import Sink
from skerry_edge.agent.protocol import Finding
from skerry_edge.agent.session import Session
from skerry_edge.agent.worker import Worker
from skerry_edge.contracts.messages import Event


class Intake:
    """Accepts findings: once `accept` has returned, the event is the outbox's."""

    def __init__(self, *, identity: Identity, outbox: Sink, session: Session) -> None:
        self._identity = identity
        self._outbox = outbox
        self._session = session

    def accept(self, worker: Worker, finding: Finding) -> None:
        """Turn a child's finding into an event and give it to the outbox, its picture behind it."""
        vitals = worker.vitals
        event = Event(
            **self._identity.stamp(finding.ts),
            kind=finding.kind,
            pipeline=worker.pipeline.name,
            label=finding.label,
            score=finding.score,
            box=finding.box,
            phase=finding.phase,
            model=vitals.model,
            model_version=vitals.model_version,
            latency_ms=finding.latency_ms,
            message=finding.message,
            track=finding.track,
            began=finding.began,
            zones=finding.zones,
            before=finding.before,
        )
        self._outbox.put(self._identity.topic("event"), event)
        if finding.snapshot is not None:
            self._outbox.put(self._identity.topic("snapshot", event.id), finding.snapshot)
        vitals.published(max(0.0, (time.monotonic_ns() - finding.decided_ns) / 1e6))
        self._session.wake()

"""The way of what pipelines find: from a child's report to an event of this session in the outbox."""

from __future__ import annotations

import logging
import time

from skerry_edge.agent.children.vitals import VitalsCollector
from skerry_edge.agent.children.worker import Worker
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.line.protocol import Finding
from skerry_edge.agent.mqtt.session import Session
from skerry_edge.agent.outbox.sink import Outgoing, Sink
from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.messages import Event
from skerry_edge.contracts.snapshots import check_snapshot

_log = logging.getLogger(__name__)


class Intake:
    """Accepts findings: what `take` was given is the outbox's once `act` has returned.

    A Duty, so that all that the children said in one turn of the loop costs one commit: a card takes tens of
    milliseconds for each.
    """

    def __init__(self, *, identity: Identity, outbox: Sink, session: Session) -> None:
        self._identity = identity
        self._outbox = outbox
        self._session = session
        self._outgoing: list[Outgoing] = []
        self._decided: list[tuple[VitalsCollector, int]] = []

    def take(self, worker: Worker, finding: Finding) -> None:
        """Turn a child's finding into an event for the outbox, its picture behind it."""
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
        self._outgoing.append((self._identity.topic("event"), event))
        if finding.snapshot is not None:
            self._add_snapshot(event, finding.snapshot)
        self._decided.append((vitals, finding.decided_ns))

    def act(self, now_s: float) -> float:  # noqa: ARG002  # a duty's signature
        """Have the outbox accept what was taken (see Duty)."""
        outgoing, self._outgoing = self._outgoing, []
        decided, self._decided = self._decided, []
        if outgoing:
            self._outbox.put(*outgoing)
            for vitals, decided_ns in decided:
                vitals.published(max(0.0, (time.monotonic_ns() - decided_ns) / 1e6))
            self._session.wake()
        return NEVER_S

    def _add_snapshot(self, event: Event, picture: bytes) -> None:
        try:
            check_snapshot(picture)
        except WireError as error:
            # A fault of a child, which must not cost the events of the others.
            _log.warning("pipeline %s: an event goes without its picture: %s", event.pipeline, error)
        else:
            self._outgoing.append((self._identity.topic("snapshot", event.id), picture))

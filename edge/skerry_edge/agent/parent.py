"""The agent's parent process: one loop over children, signals and the heartbeat's clock."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

from skerry_edge import __version__
from skerry_edge.agent.broker import read_login
from skerry_edge.agent.clock import clock_state
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.delivery import TlsConfig
from skerry_edge.agent.connection import Peer
from skerry_edge.agent.delivery import Announcement
from skerry_edge.agent.heartbeat import Machine
from skerry_edge.agent.identity import Identity, begin_session
from skerry_edge.agent.lock import hold_state_dir
from skerry_edge.agent.outbox import MemoryOutbox
from skerry_edge.agent.protocol import Finding
from skerry_edge.agent.session import Session
from skerry_edge.agent.supervisor import Supervisor
from skerry_edge.agent.waker import Waker
from skerry_edge.agent.worker import Worker
from skerry_edge.contracts.messages import Event, Heartbeat
from skerry_edge.foundation.broker_address import parse_broker_url

_log = logging.getLogger(__name__)
CHILDREN_STOP_S = 0.6
STOP_S = 1.7
"""How long a clean stop may take in all; the children get the first part of it."""
_MAX_SLEEP_S = 60.0


def run_agent(config: AgentConfig, *, when_running: Callable[[], None]) -> None:
    """Run until SIGTERM or SIGINT, then say goodbye and return; call ``when_running`` once all is set up.

    Raises ConfigError where another agent holds the state directory, ReachError where it cannot be used. A broker
    that cannot be reached is no error: it is tried again for as long as the agent runs.
    """
    state_dir = Path(config.state_dir)
    with hold_state_dir(state_dir), stop_signals() as signals:
        agent = Agent(config, session_id=begin_session(state_dir))
        agent.run(signals, when_running)


class StopSignals:
    """Notes that the process was asked to end, and wakes the loop."""

    def __init__(self) -> None:
        self.waker = Waker()
        self.received: str | None = None

    def note(self, number: int, frame: object) -> None:  # noqa: ARG002  # a signal handler's signature
        """Handle a signal."""
        self.received = signal.Signals(number).name
        self.waker.wake()


@contextmanager
def stop_signals() -> Iterator[StopSignals]:
    """Note SIGTERM and SIGINT during the body, in place of what they did before."""
    signals = StopSignals()
    with ExitStack() as stack:
        for number in (signal.SIGTERM, signal.SIGINT):
            stack.callback(signal.signal, number, signal.signal(number, signals.note))
        yield signals
    signals.waker.close()


class Agent:
    """Everything that the parent process holds together."""

    def __init__(self, config: AgentConfig, *, session_id: str) -> None:
        self._config = config
        self._identity = Identity(site=config.site, device=config.device, session=session_id, clock=clock_state)
        self._outbox = MemoryOutbox(config.outbox.max_bytes)
        self._session = Session(
            peer=_peer(config), setting=config.mqtt.protocol, identity=self._identity, outbox=self._outbox
        )
        self._machine = Machine(Path(config.state_dir))
        self._selector = DefaultSelector()
        self._announced = Announcement(state="online")
        self._supervisor = Supervisor(
            config.pipelines,
            log_level=config.log_level,
            selector=self._selector,
            environment={key: value for key, value in os.environ.items() if key != config.mqtt.password_env},
            on_finding=self._accept,
        )

    def run(self, signals: StopSignals, when_running: Callable[[], None]) -> None:
        """Run until a signal is noted, then stop in good order."""
        self._selector.register(signals.waker, EVENT_READ, signals.waker.clear)
        self._session.start()
        when_running()
        heartbeat_due_s = time.monotonic()
        while signals.received is None:
            now_s = time.monotonic()
            next_s = self._supervisor.act(now_s)
            self._announce()
            if now_s >= heartbeat_due_s:
                self._beat()
                heartbeat_due_s = now_s + self._config.heartbeat_interval_s
            sleep_s = min(next_s, heartbeat_due_s) - time.monotonic()
            for key, _ in self._selector.select(min(max(0.0, sleep_s), _MAX_SLEEP_S)):
                key.data()
        _log.info("%s received: stopping", signals.received)
        self._stop()

    def _stop(self) -> None:
        began_s = time.monotonic()
        self._supervisor.stop(began_s + CHILDREN_STOP_S)
        self._session.stop(began_s + STOP_S)
        left = self._outbox.stats().depth
        if left:
            _log.warning("%d messages were not delivered before the end and are gone", left)

    def _announce(self) -> None:
        state, reason = self._supervisor.status()
        announcement = Announcement(state=state, reason=reason)
        if announcement != self._announced:
            self._announced = announcement
            self._session.announce(announcement)

    def _accept(self, worker: Worker, finding: Finding) -> None:
        """Turn a child's finding into an event of this session and give it to the outbox, its picture behind it."""
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
        )
        self._outbox.put(self._identity.topic("event"), event)
        if finding.snapshot is not None:
            self._outbox.put(self._identity.topic("snapshot", event.id), finding.snapshot)
        vitals.published(max(0.0, (time.monotonic_ns() - finding.decided_ns) / 1e6))
        self._session.wake()

    def _beat(self) -> None:
        stats = self._outbox.stats()
        heartbeat = Heartbeat(
            **self._identity.stamp(),
            **self._machine.read().fields(),
            board=self._config.board,
            agent_version=__version__,
            outbox_depth=stats.depth,
            outbox_dropped=stats.dropped,
            pipelines=self._supervisor.take_vitals(),
        )
        self._outbox.put(self._identity.topic("heartbeat"), heartbeat)
        self._session.wake()


def _peer(config: AgentConfig) -> Peer:
    return Peer(
        address=parse_broker_url(config.mqtt.url),
        client_id=config.device,
        login=read_login(config.mqtt, config.device),
        tls=config.mqtt.tls or TlsConfig(),
        keepalive_s=config.mqtt.keepalive_s,
    )

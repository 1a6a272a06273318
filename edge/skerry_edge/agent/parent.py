"""The agent's parent process: puts its parts together and turns its loop until it is told to stop."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

from skerry_boards.loader import load_board
from skerry_edge.agent.children.load_times import LoadTimes
from skerry_edge.agent.children.mutes import Mutes
from skerry_edge.agent.children.supervisor import Supervisor
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.pipelines import PipelineConfig, WakeWordPipeline
from skerry_edge.agent.heartbeat.machine import Machine
from skerry_edge.agent.heartbeat.probes import PERIOD_S
from skerry_edge.agent.heartbeat.pulse import Pulse
from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity, KeptStart, begin_session, keep_session
from skerry_edge.agent.life.lives import Lives, keep_journal, noted_life
from skerry_edge.agent.life.lock import StateHold, hold_state_dir
from skerry_edge.agent.life.loop import Duty, turn
from skerry_edge.agent.life.rerun import run_again
from skerry_edge.agent.life.signals import Signals, noted_signals
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.agent.life.state_watch import StateWatch
from skerry_edge.agent.life.systemd import VARIABLES, from_environment
from skerry_edge.agent.line.protocol import Order
from skerry_edge.agent.mqtt.session import Session
from skerry_edge.agent.mqtt.terms import terms_of
from skerry_edge.agent.outbox.outbox import Outbox
from skerry_edge.agent.reach import Reach
from skerry_edge.agent.reloader import OnHangUp, Parts, Reloader
from skerry_edge.agent.reports.announcer import Announcer
from skerry_edge.agent.reports.intake import Intake
from skerry_edge.agent.updates.assembly import Surroundings, updates_of
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.machine.boot import boot_id

_log = logging.getLogger(__name__)
CHILDREN_STOP_S = 1.1
STOP_S = 1.7
"""How long a clean stop may take in all; the children get the first part of it, most of which a camera may need."""


def run_agent(config: AgentConfig, *, reread: Callable[[], AgentConfig], when_running: Callable[[], None]) -> None:
    """Run until SIGTERM or SIGINT, then say goodbye and return; call ``when_running`` once all is set up.

    After each SIGHUP, what ``reread`` gives is put into force; what it raises leaves all as it is. Told from afar to
    start anew, it says goodbye and does not return but runs the same command again.

    Raises ConfigError where another agent holds the state directory, ReachError where it cannot be used. A broker
    that cannot be reached is no error: it is tried again for as long as the agent runs.
    """
    state_dir = Path(config.state_dir)
    files = StateFiles(state_dir)
    with hold_state_dir(state_dir) as hold, noted_signals() as signals, noted_life(files) as lives:
        agent = Agent(config, files, hold, session_id=begin_session(files), lives=lives)
        agent.run(signals, reread, when_running)
    if agent.starts_anew and signals.stop is None:
        run_again()


class Agent:
    """Everything that the parent process holds together."""

    def __init__(
        self, file_config: AgentConfig, files: StateFiles, hold: StateHold, *, session_id: str, lives: Lives
    ) -> None:
        self.starts_anew = False
        identity = Identity(site=file_config.site, device=file_config.device, session=session_id, clock=clock_state)
        self._outbox = Outbox(Path(file_config.state_dir), max_bytes=file_config.outbox.max_bytes, identity=identity)
        self._reach = Reach(file_config, files=files, identity=identity, outbox=self._outbox, apply=self._reconfigure)
        config = self._reach.configuration.in_force
        logging.getLogger().setLevel(config.log_level)
        terms = terms_of(config.mqtt, config.device)
        self._session = Session(
            terms=terms,
            identity=identity,
            outbox=self._outbox,
            listener=self._reach.inbox,
            delivery=config.outbox,
        )
        self._intake = Intake(identity=identity, outbox=self._outbox, session=self._session)
        self._machine = _machine(config)
        self._selector = DefaultSelector()
        ears = [one.name for one in config.pipelines if isinstance(one, WakeWordPipeline)]
        self._mutes = Mutes(files, ears)
        self._supervisor = self._supervisor_for(config, LoadTimes(files, boot=boot_id()))
        self._notifier, watchdog = from_environment(self._session.turns)
        self._announcer = Announcer(supervisor=self._supervisor, session=self._session, notifier=self._notifier)
        pulse = Pulse(
            board=load_board(config.board).name,
            interval_s=config.heartbeat_interval_s,
            identity=identity,
            machine=self._machine,
            lives=lives,
            supervisor=self._supervisor,
            outbox=self._outbox,
            session=self._session,
        )
        parts = Parts(
            supervisor=self._supervisor,
            pulse=pulse,
            machine=self._machine,
            outbox=self._outbox,
            session=self._session,
            reach=self._reach,
        )
        self._reloader = Reloader(config, terms, parts=parts, announcer=self._announcer, notifier=self._notifier)
        downlink = self._reach.duties(
            device=self, supervisor=self._supervisor, mutes=self._mutes, session=self._session
        )
        keepers: tuple[Callable[[], None], ...] = (
            partial(keep_session, files, session_id),
            partial(keep_journal, files, lives),
            self._mutes.keep,
            *self._reach.keepers,
        )
        self._updates = updates_of(
            Surroundings(
                state_dir=files.folder,
                configuration=self._reach.configuration,
                supervisor=self._supervisor,
                machine=self._machine,
                session=self._session,
                identity=identity,
                outbox=self._outbox,
                selector=self._selector,
                environment=childrens_environment(config.mqtt.password_env),
                tell=self._reach.tell,
                start_anew=partial(self.restart, None),
            )
        )
        self._duties: tuple[Duty, ...] = (
            StateWatch(files, hold, self._reach.tell, keepers=keepers),
            KeptStart(files, session_id),
            self._mutes,
            self._supervisor,
            self._announcer,
            pulse,
            watchdog,
            *downlink,
            self._updates,
            # After all that finds something: the loop sleeps next, and what was found must not sleep with it.
            self._intake,
        )

    def _supervisor_for(self, config: AgentConfig, load_times: LoadTimes) -> Supervisor:
        return Supervisor(
            config.pipelines,
            log_level=config.log_level,
            selector=self._selector,
            environment=childrens_environment(config.mqtt.password_env),
            mutes=self._mutes,
            load_times=load_times,
            on_finding=self._intake.take,
        )

    @property
    def pipelines(self) -> Sequence[PipelineConfig]:
        """Return what runs (see downlink's Device)."""
        return self._reach.configuration.in_force.pipelines

    def order(self, pipeline: str, order: Order) -> bool:
        """Pass an order on to a pipeline's child (see downlink's Device)."""
        return self._supervisor.order(pipeline, order)

    def restart(self, pipeline: str | None) -> None:
        """Start a pipeline or the whole agent anew (see downlink's Device)."""
        if pipeline is None:
            self.starts_anew = True
        else:
            self._supervisor.restart(pipeline)

    def rebirth(self) -> None:
        """Publish every retained message again (see downlink's Device)."""
        self._session.renew()

    def run(self, signals: Signals, reread: Callable[[], AgentConfig], when_running: Callable[[], None]) -> None:
        """Run until a signal asks for the end, then stop in good order."""
        reload = partial(self._reloader.reload, partial(self._reach.reread, reread), self._reach.tell)
        duties = (OnHangUp(signals, reload), *self._duties)
        for waker in (signals.waker, self._reach.inbox.waker):
            self._selector.register(waker, EVENT_READ, waker.clear)
        self._session.start()
        when_running()
        self._notifier.ready(self._announcer.text)
        while signals.stop is None and not self.starts_anew:
            turn(self._selector, duties)
        _log.info("stopping: %s", "told to start anew" if signals.stop is None else f"{signals.stop} received")
        self._stop()

    def _stop(self) -> None:
        began_s = time.monotonic()
        if self.starts_anew:
            self._notifier.reloading()
        else:
            self._notifier.stopping()
        self._updates.close()
        self._supervisor.stop(began_s + CHILDREN_STOP_S)
        self._intake.act(time.monotonic())
        self._session.stop(began_s + STOP_S)
        self._outbox.close()
        self._machine.close()
        self._reach.close()
        self._notifier.close()

    def _reconfigure(self, config: AgentConfig) -> None:
        """Put into force what was taken on from afar; where that takes a new start, that reads it from its keeping."""
        try:
            self._reloader.apply(config)
        except ConfigError as error:
            _log.info("the agent starts anew: %s", error)
            self.starts_anew = True


def childrens_environment(password_env: str) -> dict[str, str]:
    """Return this process's environment without what is no business of a pipeline's."""
    return {key: value for key, value in os.environ.items() if key not in (password_env, *VARIABLES)}


def _machine(config: AgentConfig) -> Machine:
    return Machine(
        Path(config.state_dir),
        sensors=config.sensors,
        thermal=load_board(config.board).thermal,
        period_s=min(PERIOD_S, config.heartbeat_interval_s),
    )

"""Putting another configuration into force while the agent runs: the file's after SIGHUP, the fleet's when it comes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from skerry_boards.loader import load_board
from skerry_boards.schema import Thermal
from skerry_edge.agent.children.supervisor import Supervisor
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.changes import changes_between
from skerry_edge.agent.heartbeat.machine import Machine
from skerry_edge.agent.heartbeat.pulse import Pulse
from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.life.signals import Signals
from skerry_edge.agent.life.systemd import Notifier
from skerry_edge.agent.mqtt.session import Session
from skerry_edge.agent.mqtt.terms import Terms, terms_of
from skerry_edge.agent.outbox.outbox import Outbox
from skerry_edge.agent.reach import Reach
from skerry_edge.agent.reports.announcer import Announcer
from skerry_edge.foundation.errors import SkerryError

_log = logging.getLogger(__name__)
REFUSED = "reload-refused"
"""The label of the system event that says why the file was not taken on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """What a configuration is put into force in."""

    supervisor: Supervisor
    pulse: Pulse
    machine: Machine
    outbox: Outbox
    session: Session
    reach: Reach


class Reloader:
    """Applies configurations whole or not at all; what was in force goes on where one is refused."""

    def __init__(
        self, running: AgentConfig, terms: Terms, *, parts: Parts, announcer: Announcer, notifier: Notifier
    ) -> None:
        """Prepare; ``running`` and ``terms`` are what the parts were made with."""
        self._running = running
        self._terms = terms
        self._parts = parts
        self._announcer = announcer
        self._notifier = notifier

    def apply(self, config: AgentConfig) -> None:
        """Put what came from afar into force, which never is about the broker.

        Raises ConfigError, and changes nothing, where that takes a new start.
        """
        self._apply(config, self._terms)

    def _apply(self, config: AgentConfig, terms: Terms) -> None:
        changes = changes_between(self._running, config)
        # The last thing that can be wrong comes before anything is touched.
        board = load_board(config.board)
        before, self._running = self._running, config
        logging.getLogger().setLevel(config.log_level)
        self._parts.pulse.interval_s, self._parts.pulse.board = config.heartbeat_interval_s, board.name
        if (config.sensors, config.board) != (before.sensors, before.board):
            self._parts.machine.watch(config.sensors, board.thermal or Thermal())
        self._parts.outbox.resize(config.outbox.max_bytes)
        self._parts.session.configure(config.outbox)
        self._connect(before, config, terms)
        self._parts.supervisor.apply(config.pipelines, config.log_level)
        _log.info("the configuration is in force: %s", changes)

    def _connect(self, before: AgentConfig, config: AgentConfig, terms: Terms) -> None:
        """Connect anew where the broker's settings are others, the password in its file among them."""
        if config.mqtt != before.mqtt:
            self._parts.reach.configure(config.mqtt)
        if config.mqtt != before.mqtt or terms != self._terms:
            self._terms = terms
            self._parts.session.reconnect(terms)

    def reload(self, read: Callable[[], AgentConfig], tell: Callable[[str, str], None]) -> None:
        """Apply what ``read`` gives; where that fails or is refused, log it, and ``tell`` a label and the reason."""
        self._notifier.reloading()
        try:
            config = read()
            self._apply(config, terms_of(config.mqtt, config.device))
        except SkerryError as error:
            _log.error("the configuration is not reloaded, the one before goes on: %s", error)
            tell(REFUSED, str(error))
        self._notifier.ready(self._announcer.text)


class OnHangUp:
    """Calls ``reload`` after each SIGHUP."""

    def __init__(self, signals: Signals, reload: Callable[[], None]) -> None:
        self._signals = signals
        self._reload = reload

    def act(self, now_s: float) -> float:  # noqa: ARG002  # a signal is what makes it due, not the time
        """Reload where that was asked for (see Duty)."""
        if self._signals.take_reload():
            self._reload()
        return NEVER_S

"""Putting another configuration into force while the agent runs: the file's after SIGHUP, the fleet's when it comes."""

from __future__ import annotations

import logging
from collections.abc import Callable

from skerry_edge.agent.children.supervisor import Supervisor
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.changes import changes_between
from skerry_edge.agent.heartbeat.pulse import Pulse
from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.life.signals import Signals
from skerry_edge.agent.life.systemd import Notifier
from skerry_edge.agent.reports.announcer import Announcer
from skerry_edge.foundation.errors import SkerryError

_log = logging.getLogger(__name__)
REFUSED = "reload-refused"
"""The label of the system event that says why the file was not taken on."""


class Reloader:
    """Applies configurations whole or not at all; what was in force goes on where one is refused."""

    def __init__(
        self, running: AgentConfig, *, supervisor: Supervisor, pulse: Pulse, announcer: Announcer, notifier: Notifier
    ) -> None:
        """Prepare; ``running`` is what the parts were made with."""
        self._running = running
        self._supervisor = supervisor
        self._pulse = pulse
        self._announcer = announcer
        self._notifier = notifier

    def apply(self, config: AgentConfig) -> None:
        """Put ``config`` into force. Raises ConfigError, and changes nothing, where that takes a new start."""
        changes = changes_between(self._running, config)
        self._running = config
        logging.getLogger().setLevel(config.log_level)
        self._pulse.interval_s = config.heartbeat_interval_s
        self._supervisor.apply(config.pipelines, config.log_level)
        _log.info("the configuration is in force: %s", changes)

    def reload(self, read: Callable[[], AgentConfig], tell: Callable[[str, str], None]) -> None:
        """Apply what ``read`` gives; where that fails or is refused, log it, and ``tell`` a label and the reason."""
        self._notifier.reloading()
        try:
            self.apply(read())
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

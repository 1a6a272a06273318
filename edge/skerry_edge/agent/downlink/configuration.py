"""The configuration that is in force: the device's file, and over it what the fleet asks for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.model_keys import models_of
from skerry_edge.agent.downlink.applied_file import load_applied, save_applied
from skerry_edge.agent.downlink.current_models import ModelUser, release_names, with_current_models
from skerry_edge.agent.downlink.desired import NOTHING, Applied, configured, named, next_step
from skerry_edge.agent.downlink.model_hashes import with_hashes
from skerry_edge.agent.downlink.models_here import with_model
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.agent.mqtt.news import Inbound
from skerry_edge.contracts.codec import decode
from skerry_edge.contracts.messages import DESIRED_REFUSED, Desired, UpdateOrder
from skerry_edge.foundation.errors import ConfigError, SkerryError
from skerry_edge.foundation.redaction import redact

_log = logging.getLogger(__name__)

Tell = Callable[[str, str], None]
"""Reports a system event: its label and its text."""
Apply = Callable[[AgentConfig], None]
"""Puts a configuration into force."""


class Configuration:
    """Keeps the newest version that was taken on, over a restart; used by one thread.

    A version is taken on whole or not at all. One that is refused changes nothing, and is told once as a system event;
    that the device's `state` goes on naming the version before is the lasting sign of it.
    """

    def __init__(self, file_config: AgentConfig, *, files: StateFiles, tell: Tell, apply: Apply) -> None:
        """Take up what was kept; ``file_config`` is the device's own file."""
        self._state_dir = files.folder
        self._with_model = partial(with_model, state_dir=self._state_dir)
        self._tell = tell
        self._apply = apply
        self._applied = load_applied(files)
        self._told: tuple[str, str | None] | None = None
        self._on_trial: str | None = None
        self.file_changed(file_config)

    @property
    def in_force(self) -> AgentConfig:
        """The configuration that the agent is to run with, its pipelines with the hashes of their models."""
        return self._in_force

    @property
    def shown(self) -> Applied:
        """The version that is in force; version 0 where the device's file alone is."""
        return self._applied if self._fits else NOTHING

    def keep(self) -> None:
        """Have the version that was taken on on disk once more, where that lost it. Raises ReachError."""
        if self._applied is not NOTHING:
            save_applied(self._state_dir, self._applied)

    def file_changed(self, file_config: AgentConfig) -> None:
        """Begin from another file; a version that does not fit it is not in force, and is told."""
        self._file_config = file_config
        self._named, self._fits = file_config, True
        try:
            self._named = configured(file_config, self._applied.desired, self._with_model)
        except SkerryError as error:
            self._fits = False
            self._refuse(error, "the device's own configuration is in force: ")
        self.look_again()

    def handle(self, arrival: Inbound) -> None:
        """Judge a message on the desired topic, and take it on where it may be."""
        if not arrival.payload:
            _log.info(
                "the broker holds no desired configuration any more; version %d stays", self.shown.desired.version
            )
            return
        try:
            desired = decode("desired", arrival.payload)
            assert isinstance(desired, Desired)  # noqa: S101  # what this kind of topic decodes to
            if next_step(self._applied, desired, in_force=self._fits) == "apply":
                self._take_on(desired)
            else:
                _log.debug("%s came again", named(desired))
        except SkerryError as error:
            self._refuse(error)
        except RecursionError:
            # It is retained: what ended the agent once would end it with every start.
            self._refuse(ConfigError("the desired configuration is nested too deeply"))

    def _take_on(self, desired: Desired) -> None:
        config = configured(self._file_config, desired, self._with_model)
        applied = Applied.of(desired)
        # Kept before it is put into force: what a restart would undo must not seem done.
        save_applied(self._state_dir, applied)
        self._applied, self._named, self._fits, self._told = applied, config, True, None
        _log.info("%s is in force", named(desired))
        self.apply()

    @property
    def updates(self) -> Mapping[str, UpdateOrder]:
        """The releases that the fleet orders, by subject."""
        return self.shown.desired.updates

    @property
    def released_names(self) -> list[str]:
        """The names under which updates bring the models of the pipelines."""
        return sorted({name for one in self._named.pipelines for name in release_names(one, self._state_dir).values()})

    def users(self, name: str) -> list[ModelUser]:
        """Return the pipelines that run the model of this name, as they are in force."""
        return [
            ModelUser(pipeline=in_force, key=key, own=models_of(named)[key])
            for named, in_force in zip(self._named.pipelines, self._in_force.pipelines, strict=True)
            for key, found in release_names(named, self._state_dir).items()
            if found == name
        ]

    def look_again(self) -> None:
        """Have the models in force that updates have brought under the pipelines' names, as they are now."""
        self._in_force = with_hashes(with_current_models(self._named, self._state_dir, self._on_trial))

    def try_out(self, name: str | None) -> None:
        """Put into force what is on trial under a model's name, until told otherwise; None for nothing any more."""
        self._on_trial = name
        self.apply()

    def apply(self) -> None:
        """Put into force what is to be now."""
        self.look_again()
        self._apply(self._in_force)

    def _refuse(self, error: SkerryError, effect: str = "") -> None:
        """Log and report a refusal, once: the message is retained, so it comes with every connect.

        Two that have the same reason at the same place, of which the version is a part, are one, however they are told.
        """
        text = redact(f"{effect}{error}")
        if (error.what, error.where) != self._told:
            self._told = error.what, error.where
            _log.warning("desired configuration refused: %s", text)
            self._tell(DESIRED_REFUSED, text)

"""What is ordered of a device, by its fleet or by somebody who stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.downlink.configuration import Configuration
from skerry_edge.agent.downlink.current_models import ModelUser
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.ota.local_orders import LocalOrder, LocalOrderFile, counting
from skerry_edge.ota.settings import OtaSettings


@dataclass(frozen=True, slots=True)
class LocalFleet:
    """The configuration as the updates' duty asks it (a Fleet), with the orders that were given at the device."""

    configuration: Configuration
    local: LocalOrderFile

    @property
    def in_force(self) -> AgentConfig:
        """What the agent runs with."""
        return self.configuration.in_force

    @property
    def updates(self) -> Mapping[str, UpdateOrder]:
        """What is ordered, by subject. Raises ReachError where the disk does not let go of what was overtaken."""
        fleet, local = self.configuration.updates, self.local.read()
        given = counting(fleet, local)
        overtaken = {subject: one for subject, one in local.items() if subject not in given}
        if overtaken:
            # For good: should the fleet take its own order back, this one must not rise again.
            self.local.drop(overtaken)
        return {**fleet, **{subject: one.order for subject, one in given.items()}}

    def users(self, name: str) -> list[ModelUser]:
        """Return the pipelines that run a model, as they are in force."""
        return self.configuration.users(name)

    def is_given_here(self, order: str) -> bool:
        """Tell whether an order was given at the device itself."""
        return self._given(order) is not None

    def settings_for(self, order: str, settings: OtaSettings) -> OtaSettings:
        """Return the settings for an order: one that was given here comes from its folder, and begins at once."""
        given = self._given(order)
        return settings if given is None else replace(settings, mirrors=(given.mirror,), spread_s=0.0, window=None)

    def _given(self, order: str) -> LocalOrder | None:
        return next((one for one in self.local.read().values() if one.order.id == order), None)

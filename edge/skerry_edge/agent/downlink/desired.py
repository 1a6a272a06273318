"""What a desired configuration makes of a device's own; pure but for the question what a model's name means there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from skerry_boards.loader import load_board
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.pipelines import PipelineConfig
from skerry_edge.agent.downlink.remote_config import merged
from skerry_edge.contracts.fingerprint import desired_sha256
from skerry_edge.contracts.messages import Desired
from skerry_edge.foundation.errors import ConfigError, SkerryError
from skerry_edge.foundation.nearest import suggestion

Step = Literal["apply", "keep"]
WithModel = Callable[[PipelineConfig, str], PipelineConfig]
"""Returns a pipeline as it runs the model of a name. Raises a SkerryError where it cannot on this device."""


class Applied(Struct, frozen=True, kw_only=True):
    """The newest version that the device took on, which fences off all that are older; version 0 asks for nothing."""

    desired: Desired
    sha256: str

    @classmethod
    def of(cls, desired: Desired) -> Applied:
        """Return the record of a version."""
        return cls(desired=desired, sha256=desired_sha256(desired))


NOTHING = Applied.of(Desired(v=1, version=0, ts=0))


def next_step(applied: Applied, desired: Desired, *, in_force: bool) -> Step:
    """Tell what to do with a version that came; ``in_force`` says whether the applied one fits the device's file.

    Raises ConfigError for a version that is older, or that says something else under a number that was used.
    """
    if desired.version < applied.desired.version:
        raise ConfigError(
            "this version is older than the one that the device has",
            where=named(desired),
            found=f"version {applied.desired.version} on the device",
            todo=f"publish what you want as version {applied.desired.version + 1} or above",
        )
    if desired.version > applied.desired.version:
        return "apply"
    if desired_sha256(desired) != applied.sha256:
        raise ConfigError(
            "this version says something else than the one that the device has under the same number",
            where=named(desired),
            todo=f"publish what you want as version {applied.desired.version + 1} or above",
        )
    return "keep" if in_force else "apply"


def configured(config: AgentConfig, desired: Desired, with_model: WithModel) -> AgentConfig:
    """Return the configuration that ``desired`` makes of the device's file. Raises a SkerryError where it cannot."""
    _check_target(config, desired)
    changed = merged(config, desired.config, name=named(desired))
    pipelines = {one.name: one for one in changed.pipelines}
    for name, model in desired.models.items():
        where = f"{named(desired)}, key 'models.{name[:64]}'"
        if name not in pipelines:
            todo = suggestion(name[:64], pipelines, otherwise=f"this device runs: {', '.join(pipelines)}")
            raise ConfigError("there is no such pipeline", where=where, found=f"'{name[:64]}'", todo=todo)
        try:
            pipelines[name] = with_model(pipelines[name], model)
        except SkerryError as error:
            error.where = f"{where} ({error.where})" if error.where else where
            raise
    return replace(changed, pipelines=tuple(pipelines.values()))


def named(desired: Desired) -> str:
    """Return what errors call a version."""
    return f"desired version {desired.version}"


def _check_target(config: AgentConfig, desired: Desired) -> None:
    board = load_board(config.board).name
    for kind, wanted, own in (("device", desired.device, config.device), ("board", desired.board, board)):
        if wanted is not None and wanted != own:
            what = f"this version is for another {kind}"
            raise ConfigError(what, where=named(desired), found=f"'{wanted}', and this is '{own}'")

"""What a command asks for, taken from its arguments; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skerry_edge.agent.children.mutes import MAX_MINUTES
from skerry_edge.agent.config.pipelines import DetectionPipeline, PipelineConfig, WakeWordPipeline
from skerry_edge.contracts.messages import Command
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.nearest import suggestion

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "ping": (),
    "rebirth": (),
    "logs": ("lines",),
    "snapshot": ("pipeline",),
    "restart": ("pipeline",),
    "mute": ("pipeline", "minutes"),
    "unmute": ("pipeline",),
}
"""The arguments that each command may have; none must be given."""
DEFAULT_LINES = 200
MAX_LINES = 1000


def check_arguments(command: Command) -> None:
    """Raise ConfigError for an argument that the command does not know."""
    known = ARGUMENTS[command.name]
    for name in command.args:
        if name not in known:
            otherwise = f"it takes: {', '.join(known)}" if known else "it takes none"
            raise ConfigError(
                f"'{command.name}' has no such argument",
                found=f"'{name[:64]}'",
                todo=suggestion(name[:64], known, otherwise=otherwise),
            )


def lines_wanted(args: Mapping[str, str]) -> int:
    """Return how many lines of the log are asked for. Raises ConfigError for what is no number in range."""
    return _whole_number("lines", args.get("lines", str(DEFAULT_LINES)), MAX_LINES)


def minutes_wanted(args: Mapping[str, str]) -> int | None:
    """Return for how long to be silent, None for until told otherwise. Raises ConfigError for no number in range."""
    text = args.get("minutes")
    return None if text is None else _whole_number("minutes", text, MAX_MINUTES)


def _whole_number(name: str, text: str, largest: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= largest):
        raise ConfigError(f"'{name}' must be a whole number", found=f"'{text[:64]}'", todo=f"give 1 to {largest}")
    return int(text)


def pipeline_named(args: Mapping[str, str], pipelines: Sequence[PipelineConfig]) -> PipelineConfig | None:
    """Return the pipeline that is asked for, None where none is named. Raises ConfigError for an unknown name."""
    name = args.get("pipeline")
    if name is None:
        return None
    by_name = {one.name: one for one in pipelines}
    if name not in by_name:
        todo = suggestion(name[:64], by_name, otherwise=f"this device runs: {', '.join(by_name)}")
        raise ConfigError("there is no such pipeline", found=f"'{name[:64]}'", todo=todo)
    return by_name[name]


def camera_for(args: Mapping[str, str], pipelines: Sequence[PipelineConfig]) -> DetectionPipeline:
    """Return the pipeline that is to give a picture: the named one, or the only one that may.

    A pipeline gives pictures away only where the device's own configuration says `snapshot = true`, which nobody can
    set from afar. Raises ConfigError where none is left, or several are.
    """
    named = pipeline_named(args, pipelines)
    if named is not None and not isinstance(named, DetectionPipeline):
        raise ConfigError("this pipeline sees nothing", found=f"'{named.name}' ({named.kind})")
    asked = [named] if named is not None else [one for one in pipelines if isinstance(one, DetectionPipeline)]
    giving = [one for one in asked if one.snapshot]
    if not giving:
        todo = "set 'snapshot = true' for a detection pipeline in the device's own configuration"
        raise ConfigError("no pictures leave this device", todo=todo)
    if len(giving) > 1:
        names = ", ".join(one.name for one in giving)
        raise ConfigError("more than one pipeline gives pictures", todo=f"name one in 'pipeline': {names}")
    return giving[0]


def ears_for(args: Mapping[str, str], pipelines: Sequence[PipelineConfig]) -> list[WakeWordPipeline]:
    """Return the pipelines that are to stop or begin to listen: the named one, or all that hear.

    Raises ConfigError where there is none.
    """
    named = pipeline_named(args, pipelines)
    asked = pipelines if named is None else [named]
    ears = [one for one in asked if isinstance(one, WakeWordPipeline)]
    if not ears:
        found = f"'{named.name}' ({named.kind})" if named is not None else None
        raise ConfigError("there is no wake-word pipeline to silence", found=found)
    return ears

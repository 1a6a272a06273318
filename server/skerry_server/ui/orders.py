"""What dialogs say about commands and desired states, read and checked. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from skerry_edge.foundation.errors import ConfigError
from skerry_server.registry.orders.commands import NAMES
from skerry_server.ui.asking import Field

DEFAULT_MINUTES = 5
"""As `skerry fleet send` has it."""
MAX_MINUTES = 7 * 24 * 60
MINUTE_MS = 60_000
NO_CONFIG = "{}"
ARGUMENTS: Mapping[str, frozenset[str]] = {
    "pipeline": frozenset({"snapshot", "restart", "mute", "unmute"}),
    "lines": frozenset({"logs"}),
    "minutes": frozenset({"mute"}),
}
"""Which commands an argument is for (skerry_edge.contracts.messages.Command)."""


def command_fields(name: str = "ping") -> list[Field]:
    """Return what is asked for a command."""
    return [
        Field(name="name", label="Command", kind="choice", value=name, choices={one: one for one in NAMES}),
        _argument("pipeline", "Pipeline", "empty for all"),
        _argument("lines", "Lines", "of the log's end"),
        _argument("minutes", "Minutes muted", "empty until unmuted"),
        Field(name="expires", label="Expires after minutes", value=str(DEFAULT_MINUTES)),
    ]


def read_command(given: Mapping[str, str], *, now_ms: int) -> tuple[str, dict[str, str], int]:
    """Return name, arguments and expiry (Unix ms) of a command. Raises ConfigError.

    Arguments that were entered for other commands are left out.
    """
    wanted = [key for key, commands in ARGUMENTS.items() if given.get("name") in commands]
    args = {key: given[key].strip() for key in wanted if given.get(key, "").strip()}
    text = given.get("expires", "").strip()
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= MAX_MINUTES):
        raise ConfigError(f"a command expires after 1 to {MAX_MINUTES} minutes", found=repr(text[:20]))
    return given.get("name", ""), args, now_ms + int(text) * MINUTE_MS


def desired_fields(config: Mapping[str, Any], models: Mapping[str, str]) -> list[Field]:
    """Return what is asked for a desired state."""
    return [
        Field(
            name="models",
            label="Models",
            kind="text",
            value="\n".join(f"{pipeline} = {model}" for pipeline, model in models.items()),
            hint="a line for each pipeline: camera = road-signs@1.2.0",
        ),
        Field(
            name="config",
            label="Configuration",
            kind="text",
            value=json.dumps(config, indent=2) if config else NO_CONFIG,
            hint="JSON, laid over the file of the device",
        ),
    ]


def read_desired(given: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return configuration and models of a desired state. Raises ConfigError."""
    return _config(given.get("config", "")), _models(given.get("models", ""))


def _argument(name: str, label: str, hint: str) -> Field:
    return Field(name=name, label=label, hint=hint, only_for=("name", ARGUMENTS[name]))


def _config(text: str) -> dict[str, Any]:
    try:
        config = json.loads(text or NO_CONFIG)
    except (ValueError, RecursionError) as error:
        raise ConfigError("the configuration is no JSON", found=str(error)) from error
    if not isinstance(config, dict):
        raise ConfigError("the configuration must be a JSON object", found=type(config).__name__)
    return config


def _models(text: str) -> dict[str, str]:
    models = {}
    for line in filter(None, (one.strip() for one in text.splitlines())):
        pipeline, equals, model = (part.strip() for part in line.partition("="))
        if not (pipeline and equals and model):
            raise ConfigError("a model is written 'pipeline = model@version'", where="the models", found=repr(line))
        models[pipeline] = model
    return models

"""The command `skerry agent vitals`."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skerry_edge.agent.config_option import config_option, installed_config

if TYPE_CHECKING:
    from skerry_edge.agent.config.agent import AgentConfig

WINDOW_S = 0.5
"""Over which the processor's load is taken."""
_TITLES = {
    "cpu_percent": "processor in use",
    "cpu_mhz": "processor clock",
    "cpu_limit_mhz": "processor clock allowed",
    "cpu_max_mhz": "processor clock at most",
    "load_1min": "load over 1 minute",
    "uptime_s": "machine up",
}
_UNITS = {
    "_percent": "%",
    "_mbit": "Mbit/s",
    "_dbm": "dBm",
    "_mhz": "MHz",
    "_mb": "MB",
    "_c": "°C",
    "_w": "W",
    "_s": "",
    "_v": "V",
    "_a": "A",
    "_kpa": "kPa",
    "_lx": "lx",
    "_rpm": "/min",
}


@click.command(
    epilog="""\
\b
Examples:
  skerry agent vitals
  skerry agent vitals --config cam-1.toml
  skerry agent vitals --json | jq .temperature_c

\b
Exit codes:
  0  printed
  2  the configuration is wrong
  4  the configuration, or what the kernel says of its memory, cannot be read
""",
)
@config_option("The agent's configuration (TOML): its sensors, its board's limits and the disk that it uses.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the heartbeat's own names.")
def vitals(config_file: Path | None, as_json: bool) -> None:  # noqa: FBT001  # click passes flags so
    """Show what a heartbeat would say of this machine: heat, throttling, supply, memory, disk, network, sensors.

    What the machine cannot say is left out, and named at the end. A sensor that does not answer is told as stuck.
    Nothing is started or sent.
    """
    fields = read_vitals(config_file)
    if as_json:
        click.echo(json.dumps(fields))
        return
    rows = [row for name, value in fields.items() for row in rows_of(name, value)]
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        click.echo(f"{name:<{width}}  {text}")
    silent = untold(fields)
    if silent:
        click.echo(f"\nnot told by this machine: {', '.join(silent)}")


def read_vitals(config_file: Path | None) -> dict[str, Any]:
    """Return a heartbeat's fields about this machine. Raises ConfigError, ReachError."""
    import time  # noqa: PLC0415  # as below

    import msgspec  # noqa: PLC0415  # keeps --help fast

    from skerry_edge.agent.heartbeat.agent_life import life_fields  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.heartbeat.machine import Machine  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.life.clock import clock_state  # noqa: PLC0415  # keeps --help fast

    config = _config(config_file)
    state_dir = Path("/") if config is None else _existing(Path(config.state_dir))
    machine = Machine(
        state_dir,
        sensors=() if config is None else config.sensors,
        thermal=None if config is None else _thermal(config),
    )
    time.sleep(WINDOW_S)
    fields = {"clock": clock_state(), **machine.read()}
    machine.close()
    fields |= {} if config is None else life_fields(state_dir)
    told: dict[str, Any] = msgspec.to_builtins(fields)
    return {name: value for name, value in told.items() if value not in ([], {})}


def rows_of(name: str, value: object) -> list[tuple[str, str]]:
    """Return the lines for one field: what it is about, and its value in its unit."""
    if isinstance(value, dict):
        return [row for key, inner in value.items() for row in _inner_rows(name, key, inner)]
    if name == "temperatures" and isinstance(value, list):
        return [(f"temperature of {one['name']}", _temperature(one)) for one in value]
    if isinstance(value, list):
        return [(name.replace("_", " "), ", ".join(map(str, value)))]
    ending = next((one for one in _UNITS if name.endswith(one)), "")
    title = _TITLES.get(name, name.removesuffix(ending).replace("_", " "))
    if ending == "_s" and isinstance(value, float):
        return [(title, str(timedelta(seconds=int(value))))]
    return [(title, _plain(value, _UNITS.get(ending, "")))]


def _inner_rows(name: str, key: str, value: object) -> list[tuple[str, str]]:
    if name == "rails_w":
        return [(f"power of {key}", _plain(value, "W"))]
    return [(f"version of {key}", str(value))] if name == "versions" else rows_of(key, value)


def untold(fields: dict[str, Any]) -> list[str]:
    """Return which figures about the machine a heartbeat has and ``fields`` has not."""
    from skerry_edge.contracts.messages import Heartbeat, Message, PipelineVitals  # noqa: PLC0415  # keeps --help fast

    about_agent = {"board", "pipelines", "stuck_sensors", "sensors", "crash_free_s", "reboots_unexpected"}
    others = {*Message.__struct_fields__, *PipelineVitals.__struct_fields__, *about_agent}
    names = (name for name in Heartbeat.__struct_fields__ if name not in others and name not in fields)
    return [name for name in names if not name.startswith(("agent_", "outbox_"))]


def _temperature(one: dict[str, Any]) -> str:
    limit = f" (limit {one['trip_c']:.0f} °C)" if "trip_c" in one else ""
    return f"{one['value_c']:.1f} °C{limit}"


def _plain(value: object, unit: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:,.1f}" if isinstance(value, float) else str(value)
    return f"{text} {unit}".rstrip()


def _config(config_file: Path | None) -> AgentConfig | None:
    found = config_file if config_file is not None else _installed()
    if found is None:
        return None
    from skerry_edge.agent.config.checks import load_config  # noqa: PLC0415  # keeps --help fast

    return load_config(found)


def _installed() -> Path | None:
    """Return the installed configuration, None where this user may not read it: the machine can be told without."""
    from skerry_edge.foundation.errors import ReachError  # noqa: PLC0415  # keeps --help fast

    try:
        return installed_config()
    except ReachError as error:
        click.echo(f"without the configuration: {error}", err=True)
        return None


def _thermal(config: AgentConfig) -> Any:  # noqa: ANN401  # a board's Thermal or None; its module is not to be loaded for --help
    from skerry_boards.loader import load_board  # noqa: PLC0415  # keeps --help fast

    return load_board(config.board).thermal


def _existing(folder: Path) -> Path:
    """Return ``folder``, or the nearest one above it that is there: before the first start it is not made yet."""
    return next((one for one in (folder, *folder.parents) if one.is_dir()), Path("/"))

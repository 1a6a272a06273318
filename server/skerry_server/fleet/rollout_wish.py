"""The options that say what a rollout is to do; a file may say the same, and options go before it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from skerry_server.fleet.sending import pairs

_TARGETS = {"groups": "group", "boards": "board", "sites": "site", "versions": "from_version", "devices": "device"}
_GATES = (
    "success_percent",
    "minimum_sample",
    "soak_s",
    "crash_free_hours",
    "latency_ratio",
    "confidence_drop",
    "minimum_events",
)
_PLAIN = ("version", "counter", "canary", "canary_group", "probation_s", "deadline_s")
_OPTIONS = (
    click.option("--model", help="The model whose release it is."),
    click.option("--agent", is_flag=True, help="A release of the agent itself."),
    click.option("--version", help="The version to bring."),
    click.option("--counter", type=click.IntRange(min=1), help="Its release counter, where no repository tells it."),
    click.option(
        "--file",
        "file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE.toml",
        help="A file with all of it, by the names of the API; options go before it.",
    ),
    click.option("--group", multiple=True, help="Only devices of this group; may be repeated."),
    click.option("--tag", multiple=True, metavar="KEY[=VALUE]", help="Only devices with this tag; may be repeated."),
    click.option("--board", multiple=True, help="Only devices on this board; may be repeated."),
    click.option("--site", multiple=True, help="Only devices at this site; may be repeated."),
    click.option("--from-version", multiple=True, metavar="VERSION", help="Only devices that run this one now."),
    click.option("--device", multiple=True, help="Only this device; may be repeated."),
    click.option("--canary", metavar="SIZE", help="How many begin: a number, or a share as 5%.  [default: 5%]"),
    click.option("--canary-group", help="The group whose devices begin, instead of --canary."),
    click.option(
        "--step", multiple=True, metavar="SIZE", help="How many follow; may be repeated.  [default: 25%, 100%]"
    ),
    click.option(
        "--success", "success_percent", type=click.FloatRange(0, 100), help="Percent that must succeed.  [default: 95]"
    ),
    click.option("--minimum-sample", type=click.IntRange(min=1), help="So many must report themselves.  [default: 1]"),
    click.option(
        "--soak", "soak_s", type=click.IntRange(min=0), metavar="S", help="Watch each stage for S s.  [default: 600]"
    ),
    click.option("--crash-free-hours", type=click.FloatRange(0, 720), help="Hours without a crash.  [default: 0]"),
    click.option(
        "--latency-ratio", type=click.FloatRange(0, 100, min_open=True), help="Slower by this factor at most."
    ),
    click.option("--confidence-drop", type=click.FloatRange(0, 1), help="Less sure by this mean score at most."),
    click.option("--minimum-events", type=click.IntRange(min=1), help="Events that confidence needs.  [default: 20]"),
    click.option(
        "--probation",
        "probation_s",
        type=click.IntRange(min=1),
        metavar="S",
        help="Healthy for S s on the device.  [default: 600]",
    ),
    click.option(
        "--deadline",
        "deadline_s",
        type=click.IntRange(min=10),
        metavar="S",
        help="An order ends within S s.  [default: 14400]",
    ),
    click.option("--roll-back", "rolls_back", is_flag=True, help="Where a gate fails, order devices back as well."),
    click.option("--approval", "needs_approval", is_flag=True, help="A second person must approve it."),
)


def wish_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that describe a rollout; the command gets what they come to as ``wish``."""

    @functools.wraps(command)
    def run(*, asked: Any, **given: Any) -> None:  # noqa: ANN401  # click's
        command(asked=asked, wish=wish_of(given))

    wrapped: Callable[..., None] = run
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def wish_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a request. Raises UsageError, and ConfigError and ReachError for the file."""
    from skerry_server.fleet.desired import read_table  # noqa: PLC0415  # keeps `--help` fast

    wish = read_table(given["file"])
    if given["model"] and given["agent"]:
        raise click.UsageError("give --model or --agent, not both")
    if given["model"]:
        wish |= {"kind": "model", "name": given["model"]}
    if given["agent"]:
        wish |= {"kind": "agent", "name": "skerry"}
    wish |= {name: given[name] for name in _PLAIN if given[name] is not None}
    wish |= {name: True for name in ("rolls_back", "needs_approval") if given[name]}
    if given["step"]:
        wish["steps"] = list(given["step"])
    target: dict[str, Any] = {name: list(given[option]) for name, option in _TARGETS.items() if given[option]}
    if given["tag"]:
        target["tags"] = pairs(tuple(one if "=" in one else f"{one}=" for one in given["tag"]))
    gates = {name: given[name] for name in _GATES if given[name] is not None}
    for name, told in (("target", target), ("gates", gates)):
        if told:
            wish[name] = {**wish.get(name, {}), **told}
    if missing := [name for name in ("kind", "version") if name not in wish]:
        raise click.UsageError(
            f"say which release: --model or --agent, and --version ({missing[0]} is missing);"
            " skerry fleet rollouts releases lists them"
        )
    return wish

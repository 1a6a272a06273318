"""Figures of updates over the air: a switch, the reach of a bad release, what server and publisher take."""

from __future__ import annotations

import argparse

from benchmarks.model_switch import switch_figures
from benchmarks.publish_memory import memory_figures
from benchmarks.report import BENCH, publish
from benchmarks.rollout_cost import DEVICES, touch_figures
from benchmarks.update_load import cost_figures


def main(arguments: list[str]) -> None:
    """Measure every figure, print and write them. A goal that is not met is told by the figure, not the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks ota", description=__doc__)
    parser.add_argument("--devices", type=int, default=DEVICES, help="devices of the bad release's fleet")
    given = parser.parse_args(arguments)
    BENCH.mkdir(parents=True, exist_ok=True)
    publish("ota", [*switch_figures(), *touch_figures(given.devices), *cost_figures(), *memory_figures()])

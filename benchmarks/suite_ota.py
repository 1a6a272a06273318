"""Figures of updates over the air: what a bad release touches, and what a thousand updates a minute cost the server."""

from __future__ import annotations

import argparse

from benchmarks.report import BENCH, publish
from benchmarks.rollout_cost import DEVICES, touch_figures
from benchmarks.update_load import cost_figures


def main(arguments: list[str]) -> None:
    """Measure every figure, print and write them. A goal that is not met is told by the figure, not the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks ota", description=__doc__)
    parser.add_argument("--devices", type=int, default=DEVICES, help="devices of the bad release's fleet")
    given = parser.parse_args(arguments)
    BENCH.mkdir(parents=True, exist_ok=True)
    publish("ota", [*touch_figures(given.devices), *cost_figures()])

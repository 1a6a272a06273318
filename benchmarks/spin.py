"""A program that does nothing for a known time: what a harness adds to it is the harness's own."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator

from skerry_edge.bench.apart import serve_answers
from skerry_edge.bench.speed.blocks import timed_blocks
from skerry_edge.bench.speed.subject import inferring

SPIN_S = 0.01
"""As long as a fast detector takes."""


def spin() -> None:
    """Keep the processor busy for exactly `SPIN_S`."""
    end = time.perf_counter() + SPIN_S
    while time.perf_counter() < end:
        pass


def _spinning(_order: object) -> Generator[object, int, None]:
    yield from timed_blocks(None, inferring(spin))


if __name__ == "__main__":
    serve_answers(int(sys.argv[1]), _spinning)

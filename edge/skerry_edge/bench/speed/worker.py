"""The fresh process of one row: it starts cold, tells how long that took, and then runs the blocks that it is asked."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator

from skerry_edge.backends.registry import import_runtime
from skerry_edge.bench.apart import serve_answers
from skerry_edge.bench.speed.blocks import timed_blocks
from skerry_edge.bench.speed.cold import ColdOrder, Started
from skerry_edge.bench.speed.result import ColdStart
from skerry_edge.bench.speed.subject import open_subject


def _run(order: ColdOrder) -> Generator[object, int, None]:
    """Give a Started, then a Block for each number of calls."""
    # The frames are no part of the start: a camera would bring them.
    reading_s = time.monotonic()
    frames = order.subject.frames.read()
    reading_s = time.monotonic() - reading_s
    import_runtime(order.subject.backend)
    imported_s = time.monotonic()
    call = open_subject(order.subject, frames)
    loaded_s = time.monotonic()
    call()
    done_s = time.monotonic()
    cold_start = ColdStart(
        import_ms=_ms(imported_s - order.started_s - reading_s),
        load_ms=_ms(loaded_s - imported_s),
        first_ms=_ms(done_s - loaded_s),
    )
    sizes = [frame.nbytes for frame in frames]
    yield from timed_blocks(Started(cold_start=cold_start, spare_mb=(sum(sizes) - max(sizes)) / 1e6), call)


def _ms(elapsed_s: float) -> float:
    return round(elapsed_s * 1e3, 3)


if __name__ == "__main__":
    serve_answers(int(sys.argv[1]), _run)

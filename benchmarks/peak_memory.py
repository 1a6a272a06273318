"""The most memory that this process and all that it started held at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

INTERVAL_S = 0.05


class Peak:
    """The highest sum so far, in MB."""

    def __init__(self) -> None:
        self.mb = 0.0

    def sample(self, family: psutil.Process) -> None:
        """Add up what a process and its children hold now; one that has just ended holds nothing."""
        resident = 0
        for one in (family, *family.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                resident += one.memory_info().rss
        self.mb = max(self.mb, resident / 1e6)


@contextmanager
def peak_memory() -> Iterator[Peak]:
    """Sample resident memory while the body runs."""
    peak, family, done = Peak(), psutil.Process(), threading.Event()

    def watch() -> None:
        while not done.wait(INTERVAL_S):
            peak.sample(family)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()

"""A process that was started and says how long calls take: a row of ours or another tool, from the outside."""

from __future__ import annotations

from typing import Any

from skerry_edge.bench.apart import converse
from skerry_edge.bench.speed.blocks import Block


class Contender:
    """One running process, until it is closed.

    ``ready`` is what it said when it had started. Raises what starting it there raises, and CrashError.
    """

    def __init__(self, module: str, job: object, *, stall_s: float) -> None:
        self._line = converse(module, job, stall_s=stall_s)
        self.ready: Any = next(self._line)
        self.cpu_s = 0.0
        """Processor time of all its blocks so far."""

    def run(self, calls: int) -> Block:
        """Run a block of calls. Raises what a call there raises, and CrashError."""
        block: Block = self._line.send(calls)
        self.cpu_s += block.cpu_s
        return block

    def close(self) -> None:
        """End the process."""
        self._line.close()

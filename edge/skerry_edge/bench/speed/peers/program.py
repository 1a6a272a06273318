"""What the peers' programs share: their order, what they say when ready, and the blocks that they answer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.bench.apart import serve_answers
from skerry_edge.bench.speed.blocks import timed_blocks
from skerry_edge.bench.speed.subject import inferring
from skerry_edge.contracts.manifest import Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class PeerOrder:
    """The file to run, its inputs, and how many threads (0: the tool's own choice).

    ``description`` is the network's description where it is a file of its own: Darknet's cfg beside its weights.
    """

    file: Path
    inputs: tuple[Tensor, ...]
    threads: int
    description: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """The tool's version, and its own word on the arithmetic that it chose where it gives one."""

    version: str
    precision: str | None = None


Opened = tuple[Ready, Callable[[], object]]
"""What the tool says, and its call; input and tool are bound in it already."""


def run_peer(open_tool: Callable[[PeerOrder], Opened]) -> None:
    """Be a peer's program: open the tool as ordered, then run the blocks of calls that are asked for."""

    def work(order: PeerOrder) -> Generator[object, int, None]:
        ready, call = open_tool(order)
        yield from timed_blocks(ready, inferring(call))

    serve_answers(int(sys.argv[1]), work)
